/** A host that is emulated and nothing special: reached by SSH as a real one, its functions there before. */
import { writeFile, readFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { expect, it } from "vitest";
import { createCacheFolder, findCacheRoot } from "../assets/cache.ts";
import { prepareHostRoot } from "../assets/host-root.ts";
import { prepareAssets } from "../assets/prepare-assets.ts";
import { findCompiler } from "../kernel/compiler.ts";
import { prepareKernel } from "../kernel/prepare-kernel.ts";
import { ResourceScope } from "../lifecycle/resource-scope.ts";
import { createScratch } from "../lifecycle/scratch.ts";
import { awaitHost, locateHost } from "../passthrough/reach-host.ts";
import { makeKeys, packKeys } from "../passthrough/template-keys.ts";
import { plugFunction } from "../qemu/plug-function.ts";
import { startQemu } from "../qemu/start-qemu.ts";
import { readLedger } from "../scenarios/read-ledger.ts";
import { spellFid } from "./host-config.ts";
import { callCli, type Call } from "../testing/call-cli.ts";
import { temporaryFolder } from "../testing/scenario-files.ts";

const { signal } = new AbortController();
const report = (): void => undefined;

const plugged = [
  { name: "a", device: "nvme" },
  { name: "b", device: "nvme" },
  { name: "r", device: "virtio-rng" },
] as const;

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

it("gets the same verdicts over SSH as where it is emulated, and has its functions back", async () => {
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
  {
    using client = await awaitHost(host, 600_000, signal);
    using files = await client.files(signal);
    await files.write("/usr/bin/flock", await buildFlock(folder), { mode: 0o755, limit: 60_000, signal });
  }
  for (const [index, { name, device }] of plugged.entries()) {
    await plugFunction(machine, { name, device, uid: 0x11 + index, fid: 0x40 + index }, { scope }, signal);
  }
  const functions = plugged.map(({ device }, index) => ({
    ...{ fid: spellFid(0x40 + index), device, overwrite: device === "nvme" },
  }));
  const lpar = {
    ...{ address: host.address, port: host.port, user: host.user, key: "key", hostKey: keys.host.publicKey },
    ...{ folder: "/run/zhil-lease", functions },
  };
  await using place = await temporaryFolder({
    "zhil.config.ts": `export default ${JSON.stringify({ lpar })};\n`,
    key: keys.client.privateKey,
  });
  const call = (...argv: readonly string[]): Promise<Call> =>
    callCli(argv, { workingFolder: place.path, services: { readLedger } });
  const examined = await call("doctor", "--bench", "lpar");
  expect(examined.stdout).toContain("function 0x00000040: 0011:00:00.0, no driver, free");
  expect(examined.code).toBe(0);
  const { code, stdout, stderr } = await call("record", "--bench", "lpar", "-o", "traces");
  expect(stderr).toBe("");
  const [, pass = 0, known = 0] =
    /(\d+) pass, 0 fail, (\d+) known, \d+ skip, 0 error/u.exec(stdout)?.map(Number) ?? [];
  expect(pass, stdout).toBeGreaterThan(80);
  expect(pass + known).toBeGreaterThan(100);
  expect(code).toBe(0);
  expect((await call("check", "traces")).stdout).toContain(`${pass} pass, 0 fail, ${known} known`);
  // Without a driver, as they came.
  const after = await call("doctor", "--bench", "lpar");
  expect(after.stdout).toContain("function 0x00000040: 0011:00:00.0, no driver, free");
  expect(after.stdout).toContain("lease: nobody has the functions");
});
