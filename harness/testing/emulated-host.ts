/** A host that is emulated and nothing special, for tests: reached by SSH as a real one, its functions there before. */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { createCacheFolder, findCacheRoot } from "../assets/cache.ts";
import { prepareHostRoot } from "../assets/host-root.ts";
import { prepareAssets } from "../assets/prepare-assets.ts";
import { findCompiler } from "../kernel/compiler.ts";
import { prepareKernel } from "../kernel/prepare-kernel.ts";
import { ResourceScope } from "../lifecycle/resource-scope.ts";
import { createScratch } from "../lifecycle/scratch.ts";
import { awaitHost, locateHost } from "../passthrough/reach-host.ts";
import { makeKeys, packKeys, type TemplateKeys } from "../passthrough/template-keys.ts";
import { plugFunction } from "../qemu/plug-function.ts";
import { startQemu } from "../qemu/start-qemu.ts";
import type { SshHost } from "../ssh/ssh-host.ts";

const { signal } = new AbortController();
const report = (): void => undefined;

/** FID of the first function; the others follow. */
export const firstFid = 0x40;

/** A host that is up. */
export interface EmulatedHost extends AsyncDisposable {
  readonly host: SshHost;
  readonly keys: TemplateKeys;
}

/** What any host has with util-linux, and this one's busybox has not. */
const flock = `
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>
int main(int argc, char **argv)
{
	int wait = argc == 4 && !strcmp(argv[1], "-w") ? atoi(argv[2]) : 0;
	do {
		if (!flock(atoi(argv[argc - 1]), LOCK_EX | LOCK_NB))
			return 0;
	} while (wait-- > 0 && !sleep(1));
	return 1;
}
`;

async function buildFlock(folder: string): Promise<Buffer> {
  const { prefix } = await findCompiler(signal);
  const program = join(folder, "flock");
  await execa(`${prefix}gcc`, ["-static", "-O1", "-x", "c", "-o", program, "-"], { input: flock });
  return readFile(program);
}

/** Gives a host that boots what any other has. */
async function furnish(host: SshHost, folder: string): Promise<void> {
  const limit = 60_000;
  using client = await awaitHost(host, 600_000, signal);
  using files = await client.files(signal);
  await files.write("/usr/bin/flock", await buildFlock(folder), { mode: 0o755, limit, signal });
  await client.run(["mkdir", "-p", "/var/tmp"], { limit, signal });
  const { code, stderr } = await client.run(["mount", "-t", "tmpfs", "tmpfs", "/var/tmp"], { limit, signal });
  if (code !== 0) throw new Error(`The host has no room: ${stderr}`);
}

/** Starts a host with these functions, whose FIDs begin with {@link firstFid}, and waits until it can be reached. */
export async function startEmulatedHost(devices: readonly ("nvme" | "virtio-rng")[]): Promise<EmulatedHost> {
  const assets = await prepareAssets({ report, signal });
  const preparation = { root: await createCacheFolder(findCacheRoot()), update: false, report, signal };
  const root = await prepareHostRoot(preparation);
  const kernel = await prepareKernel(preparation, "host");
  await using scope = new ResourceScope();
  const scratch = scope.use("scratch folder", await createScratch());
  const folder = await scratch.createFolder("keys");
  const keys = await makeKeys(folder);
  const initramfs = join(folder, "root.cpio");
  await writeFile(initramfs, Buffer.concat([await readFile(root.path), packKeys(keys)]), { mode: 0o600 });
  const machine = scope.use(
    "host",
    await startQemu(
      {
        ...{ qemu: assets.qemu, kernel: kernel.image, initramfs, commandLine: "console=ttysclp0 loglevel=5" },
        ...{ memoryMiB: 1024, cpus: 1, ports: [], reachable: true },
      },
      { scratch, startLimit: 30_000 },
      signal,
    ),
  );
  const host = await locateHost(machine, keys, signal);
  await furnish(host, folder);
  for (const [index, device] of devices.entries()) {
    const profile = { name: `f${String(index)}`, device, uid: 0x11 + index, fid: firstFid + index };
    await plugFunction(machine, profile, { scope }, signal);
  }
  const kept = scope.move();
  return { host, keys, [Symbol.asyncDispose]: () => kept[Symbol.asyncDispose]() };
}
