/** Freezing a host with its guest up: booted, sent what the guest needs, the guest started and left waiting. */
import { readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Assets } from "../assets/assets.ts";
import { ResourceScope } from "../lifecycle/resource-scope.ts";
import type { SshClient } from "../ssh/ssh-client.ts";
import type { FreezingRoutine } from "../template/freeze-machine.ts";
import type { Template } from "../template/template.ts";
import { InfrastructureError } from "../errors/harness-error.ts";
import { escapeText } from "../report/escape.ts";
import { readAgentProgram } from "./agent-program.ts";
import { connectGuest } from "./connect-guest.ts";
import { hostFolder, hostPaths, startCommand, writeConfiguration, type GuestMachine } from "./guest-machine.ts";
import { awaitHost, connectToHost, locateHost, startHostAgent } from "./reach-host.ts";
import { makeKeys, packKeys, readKeys } from "./template-keys.ts";

/** Limits in milliseconds: for a host to boot, a file to be sent, QEMU to start there. */
const hostBootLimit = 300_000;
const sendLimit = 180_000;
const startLimit = 180_000;
/** Milliseconds for a guest to boot on a host. */
export const guestBootLimit = 600_000;

/** What a guest runs. */
export type GuestAssets = Pick<Assets, "kernel" | "initramfs">;

/** The routine for a host with such a guest. */
export const freezeHost = (guest: GuestMachine, assets: GuestAssets): FreezingRoutine => ({
  begin: async (machine, folder, scratch) => {
    const keys = packKeys(await makeKeys(folder));
    const joined = join(await scratch.createFolder("root"), "root.cpio");
    await writeFile(joined, Buffer.concat([await readFile(machine.initramfs), keys]), { mode: 0o600 });
    return { ...machine, initramfs: joined };
  },
  settle: async (machine, folder, _, signal) => {
    await using scope = new ResourceScope();
    const host = await locateHost(machine, await readKeys(folder), signal);
    const client = scope.use("connection to the host", await awaitHost(host, hostBootLimit, signal));
    await startGuest(client, guest, assets, signal);
    await startHostAgent(client, scope, signal);
    const connected = await connectGuest({ client, outer: machine, boot: guestBootLimit, scope, signal });
    return connected.hello;
  },
  tryOut: async (clone, folder, signal) => {
    await using scope = new ResourceScope();
    const host = await locateHost(clone, await readKeys(folder), signal);
    const client = scope.use("connection to the host", await connectToHost(host, signal));
    await startHostAgent(client, scope, signal);
    await connectGuest({ client, outer: clone, boot: guestBootLimit, scope, signal });
  },
});

/** Folder that a template's keys are in. */
export const folderOf = ({ state }: Pick<Template, "state">): string => dirname(state);

/**
 * Sends a guest's kernel, initramfs and configuration and the agent to a host, and starts the guest there.
 * @throws {HarnessError} where the host does not take them, or QEMU there does not start
 */
export async function startGuest(
  client: SshClient,
  guest: GuestMachine,
  { kernel, initramfs }: GuestAssets,
  signal: AbortSignal,
): Promise<void> {
  using files = await client.files(signal);
  const options = { mode: 0o600, limit: sendLimit, signal };
  await files.makeFolder(hostFolder, options);
  await files.write(hostPaths.agent, await readAgentProgram(initramfs), { ...options, mode: 0o700 });
  await files.send(kernel.image, hostPaths.kernel, options);
  await files.send(initramfs.path, hostPaths.initramfs, options);
  await files.write(hostPaths.configuration, writeConfiguration(guest), options);
  const { code, signal: by, stderr } = await client.run(startCommand(guest), { signal, limit: startLimit });
  if (code === 0) return;
  const how = by === null ? `ended with exit code ${code ?? "unknown"}` : `was ended by ${by}`;
  throw new InfrastructureError({
    what: `Cannot start the guest: QEMU on the host ${how}: ${escapeText(stderr).trim()}`,
  });
}
