/** QEMU's gdbstub on demand: a machine has none until one is asked for, and none after. */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { ResourceScope } from "../lifecycle/resource-scope.ts";
import { acceptOne } from "../qemu/accept-one.ts";
import type { StartedQemu } from "../qemu/started-qemu.ts";
import { withLimit } from "../wait/with-limit.ts";
import { GdbClient } from "./gdb-client.ts";

/** Limit for QEMU to connect, in milliseconds. */
const connectLimit = 5_000;
/** Name of the socket in the machine's folder. */
const socketName = "gdb.sock";

/** A gdbstub that is open. Disposing it leaves the machine as it is, still or not: close it where that is to go on. */
export interface OpenGdbStub extends AsyncDisposable {
  readonly client: GdbClient;
  /**
   * Has the machine go on without breakpoints, and the stub gone.
   * @throws {InfrastructureError} where QEMU does not do so
   */
  close(signal: AbortSignal): Promise<void>;
}

/**
 * Opens the gdbstub of a machine that runs. From then on the machine stands still, until the client has it go on.
 * @throws {InfrastructureError} where QEMU does not open one; {TimeLimitError}
 */
export async function openGdbStub(
  { qmp, folder }: Pick<StartedQemu, "qmp" | "folder">,
  signal: AbortSignal,
): Promise<OpenGdbStub> {
  const path = join(folder, socketName);
  await using scope = new ResourceScope();
  scope.defer("gdbstub's socket", () => rm(path, { force: true }));
  const acceptor = scope.use("gdbstub's connection", await acceptOne(path));
  // QMP has no command of its own for it; QEMU connects, as it does with every other socket.
  const command = async (device: string): Promise<string> => {
    const line = `gdbserver ${device}`;
    return String(await qmp.execute("human-monitor-command", { "command-line": line }, signal)).trim();
  };
  const said = await command(`unix:${path}`);
  const wait = { what: "QEMU's gdbstub to connect", limit: connectLimit, signal, lastSeen: () => said };
  const client = scope.use("gdbstub's client", new GdbClient(await withLimit(wait, () => acceptor.connection)));
  await client.negotiate(signal);
  const kept = scope.move();
  return {
    client,
    close: async (until) => {
      await client.detach(until);
      await command("none");
    },
    [Symbol.asyncDispose]: () => kept[Symbol.asyncDispose](),
  };
}
