/** A QEMU that has no machine: what any QEMU costs before it does anything. */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { InfrastructureError } from "../errors/harness-error.ts";
import { killGroup } from "../lifecycle/kill-group.ts";
import { ResourceScope } from "../lifecycle/resource-scope.ts";
import type { Scratch } from "../lifecycle/scratch.ts";
import { startProcess } from "../lifecycle/start-process.ts";
import { acceptOne } from "../qemu/accept-one.ts";
import { monitorSocket } from "../qemu/machine.ts";
import type { QemuCommand } from "../qemu/qemu-command.ts";
import { QmpClient } from "../qmp/qmp-client.ts";
import { withLimit } from "../wait/with-limit.ts";

/** Limit for its monitor to take commands, in milliseconds. */
const startLimit = 10_000;

/**
 * Starts a QEMU without a machine the way that machines are started, and ends it.
 * @returns milliseconds until its monitor took commands
 * @throws {HarnessError} where it does not come to that
 */
export async function spawnIdle(qemu: QemuCommand, scratch: Scratch, signal: AbortSignal): Promise<number> {
  await using scope = new ResourceScope();
  const began = performance.now();
  const folder = await scratch.createFolder("i");
  scope.defer(`folder ${folder}`, () => rm(folder, { recursive: true, force: true }));
  const socket = join(folder, monitorSocket);
  const acceptor = scope.use("socket", await acceptOne(socket));
  const process = startProcess(
    [
      ...qemu.argv,
      ...["-nodefaults", "-no-user-config", "-display", "none", "-machine", "none"],
      ...["-chardev", `socket,id=monitor,path=${socket}`, "-qmp", "chardev:monitor"],
    ],
    qemu.environment,
    scratch,
  );
  scope.defer("QEMU", async () => {
    if (process.pid !== undefined) killGroup(process.pid);
    await process;
  });
  const death = process.then(() => {
    throw new InfrastructureError({ what: "A QEMU without a machine ended before its monitor answered" });
  });
  death.catch(() => undefined);
  const wait = { what: "QEMU to connect its monitor", limit: startLimit, signal };
  const monitor = await withLimit(wait, () => Promise.race([acceptor.connection, death]));
  const qmp = scope.use("QEMU's monitor", new QmpClient(monitor));
  await qmp.negotiate(startLimit, signal);
  return performance.now() - began;
}
