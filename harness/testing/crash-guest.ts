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

/** A PSW's bit 14: the processor waits, which is where an idle kernel has it. */
const waitBit = 1n << (63n - 14n);
/** How often a guest may be found busy before it counts as one that never waits. */
const tries = 1000;

/**
 * Sends the idle kernel to an address where no code is, and lets it run on from there. It has to be idle: in the middle of a
 * program there is no kernel stack to report the fault on, and the processor faults for ever.
 */
export async function crashGuest(machine: StartedQemu, signal: AbortSignal): Promise<void> {
  const path = join(machine.folder, "gdb.sock");
  const command = `gdbserver unix:${path},server=on,wait=off`;
  await machine.qmp.execute("human-monitor-command", { "command-line": command }, signal);
  for (let attempt = 0; attempt < tries; attempt++) {
    const gdb = createConnection(path);
    gdb.on("error", () => undefined);
    await once(gdb, "connect");
    const isIdle = (BigInt(`0x${await ask(gdb, `p${maskRegister}`)}`) & waitBit) !== 0n;
    if (isIdle) {
      expectOk(await ask(gdb, `P${maskRegister}=${kernelMask}`));
      expectOk(await ask(gdb, `P${addressRegister}=${nowhere}`));
    }
    // Letting go of a stopped machine makes it run.
    expectOk(await ask(gdb, "D"));
    gdb.destroy();
    if (isIdle) return;
    await once(gdb, "close");
  }
  throw new Error("The guest never waits");
}

/** Sends a packet and waits for the stub's answer to it. */
async function ask(gdb: Socket, body: string): Promise<string> {
  const sum = [...Buffer.from(body)].reduce((total, byte) => total + byte, 0) % 256;
  gdb.write(`+$${body}#${sum.toString(16).padStart(2, "0")}`);
  for (let seen = ""; ;) {
    const [chunk] = (await once(gdb, "data")) as [Buffer];
    seen += chunk.toString();
    const answer = /\$(?<text>[^#]*)#[0-9a-f]{2}/u.exec(seen)?.groups?.["text"];
    if (answer !== undefined) return answer;
  }
}

function expectOk(answer: string): void {
  if (answer !== "OK") throw new Error(`The gdb stub refused: ${answer}`);
}
