/** Crashes a running guest's kernel for real, through QEMU's gdb stub. */
import { once } from "node:events";
import { createConnection, type Socket } from "node:net";
import { join } from "node:path";
import type { StartedQemu } from "../qemu/started-qemu.ts";

/** A kernel's program status word: translation on, home space, not waiting, not a user's. */
const kernelMask = "0704c00180000000";
/** An address where no kernel code is. */
const nowhere = "00000000deadbee0";
/** Numbers of the two halves of the PSW for gdb (gdb-xml/s390x-core64.xml of QEMU). */
const maskRegister = "0";
const addressRegister = "1";

/** Sends the idle kernel to an address where no code is, and lets it run on from there. */
export async function crashGuest(machine: StartedQemu, signal: AbortSignal): Promise<void> {
  const path = join(machine.folder, "gdb.sock");
  const command = `gdbserver unix:${path},server=on,wait=off`;
  await machine.qmp.execute("human-monitor-command", { "command-line": command }, signal);
  const gdb = createConnection(path);
  gdb.on("error", () => undefined);
  await once(gdb, "connect");
  await send(gdb, `P${maskRegister}=${kernelMask}`);
  await send(gdb, `P${addressRegister}=${nowhere}`);
  // Letting go of a stopped machine makes it run.
  await send(gdb, "D");
  gdb.destroy();
}

/** Sends a packet and waits for the stub's OK. */
async function send(gdb: Socket, body: string): Promise<void> {
  const sum = [...Buffer.from(body)].reduce((total, byte) => total + byte, 0) % 256;
  gdb.write(`+$${body}#${sum.toString(16).padStart(2, "0")}`);
  let seen = "";
  while (!/\$OK#9a/.test(seen)) {
    const [chunk] = (await once(gdb, "data")) as [Buffer];
    seen += chunk.toString();
    if (/\$E\d\d#/.test(seen)) throw new Error(`The gdb stub refused "${body}": ${seen}`);
  }
}
