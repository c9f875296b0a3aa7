/**
 * A client of QEMU's gdbstub, as far as stopping a kernel at its functions takes: breakpoints, registers, going on
 * ("Debugging with GDB", appendix E: E.2 Packets, E.3 Stop Reply Packets, E.4 General Query Packets).
 */
import type { Duplex } from "node:stream";
import { ClosedError, InfrastructureError, type HarnessError } from "../errors/harness-error.ts";
import { withLimit } from "../wait/with-limit.ts";
import { encodePacket, GdbProtocolError, PacketReader, type Heard } from "./packets.ts";

/** Limit of one request, in milliseconds. */
const requestLimit = 5_000;
/** Characters of an answer that an error shows. */
const shownCharacters = 60;

/** Numbers of registers (QEMU's gdb-xml/s390x-core64.xml). */
export const registers = { pswMask: 0, pswAddress: 1, general: (number: number): number => 2 + number } as const;

/** Kind of a breakpoint: on s390x the smallest instruction, 2 bytes. */
const breakpointKind = 2;

interface Awaited {
  readonly resolve: (body: string) => void;
  readonly reject: (error: Error) => void;
}

/** A gdbstub's client. The machine stands still from the connection on, until `resume`. */
export class GdbClient implements Disposable {
  readonly #socket: Duplex;
  readonly #reader = new PacketReader();
  readonly #closed = new AbortController();
  #awaited: Awaited | null = null;
  #lastSeen = "nothing";

  constructor(socket: Duplex) {
    this.#socket = socket;
    socket.on("data", (chunk: Buffer) => {
      this.#receive(chunk);
    });
    socket.on("error", (cause) => {
      this.#close(new ClosedError({ what: "Cannot read from QEMU's gdbstub", cause }));
    });
    socket.on("close", () => {
      this.#close(new ClosedError({ what: "Cannot use QEMU's gdbstub: QEMU closed it" }));
    });
  }

  /** Makes sure that a stub answers, and that the machine stands still (`?`). */
  async negotiate(signal: AbortSignal): Promise<void> {
    await this.#request("?", /^[ST][0-9a-f]{2}/, signal);
  }

  /** Has the machine stop before it executes the instruction there (`Z0`). */
  async setBreakpoint(address: bigint, signal: AbortSignal): Promise<void> {
    await this.#request(`Z0,${address.toString(16)},${breakpointKind}`, "OK", signal);
  }

  /** Takes a breakpoint back (`z0`). */
  async removeBreakpoint(address: bigint, signal: AbortSignal): Promise<void> {
    await this.#request(`z0,${address.toString(16)},${breakpointKind}`, "OK", signal);
  }

  /** A register of the processor that stopped (`p`). */
  async readRegister(number: number, signal: AbortSignal): Promise<bigint> {
    return BigInt(`0x${await this.#request(`p${number.toString(16)}`, /^[0-9a-f]{16}$/, signal)}`);
  }

  /** All registers of the processor that stopped, as the stub writes them (`g`). */
  async readRegisters(signal: AbortSignal): Promise<string> {
    return this.#request("g", /^[0-9a-fx]+$/, signal);
  }

  /** Gives all registers back what `readRegisters` had (`G`). */
  async writeRegisters(registersRead: string, signal: AbortSignal): Promise<void> {
    await this.#request(`G${registersRead}`, "OK", signal);
  }

  /** Gives a register another value (`P`). */
  async writeRegister(number: number, value: bigint, signal: AbortSignal): Promise<void> {
    await this.#request(`P${number.toString(16)}=${value.toString(16).padStart(16, "0")}`, "OK", signal);
  }

  /** Memory as the processor that stopped addresses it (`m`). */
  async readMemory(address: bigint, length: number, signal: AbortSignal): Promise<Buffer> {
    const read = await this.#request(`m${address.toString(16)},${length.toString(16)}`, /^(?:[0-9a-f]{2})+$/, signal);
    const bytes = Buffer.from(read, "hex");
    if (bytes.length === length) return bytes;
    throw new GdbProtocolError({ what: `QEMU's gdbstub gave ${bytes.length} bytes of memory instead of ${length}` });
  }

  /** Changes memory as the processor that stopped addresses it (`M`). */
  async writeMemory(address: bigint, bytes: Buffer, signal: AbortSignal): Promise<void> {
    await this.#request(
      `M${address.toString(16)},${bytes.length.toString(16)}:${bytes.toString("hex")}`,
      "OK",
      signal,
    );
  }

  /** Executes one instruction, interrupts kept waiting (`s`). */
  async step(signal: AbortSignal): Promise<void> {
    await this.#request("s", /^T05/, signal);
  }

  /**
   * Lets the machine go on (`c`) until it stops (E.3); `limit` milliseconds at most.
   * @throws {GdbProtocolError} where it stops for another reason than a breakpoint or the interrupt of `interrupt`
   */
  async resume(signal: AbortSignal, limit: number): Promise<void> {
    await this.#request("c", /^T0[25]/, signal, limit);
  }

  /** Stops a machine that goes on, as Ctrl-C would: what waits in `resume` has its stop. */
  interrupt(): void {
    this.#socket.write(Buffer.of(0x03));
  }

  /** Takes all breakpoints back and lets the machine go on, for good (`D`). */
  async detach(signal: AbortSignal): Promise<void> {
    await this.#request("D", "OK", signal);
  }

  /** Closes the connection; whatever waits is refused. */
  [Symbol.dispose](): void {
    this.#close(new InfrastructureError({ what: "Cannot use QEMU's gdbstub: it was closed here" }));
  }

  async #request(
    body: string,
    expected: string | RegExp,
    signal: AbortSignal,
    limit = requestLimit,
  ): Promise<string> {
    if (this.#awaited !== null) throw new Error(`The gdbstub is busy: "${body}" was asked before its last answer`);
    const either = AbortSignal.any([signal, this.#closed.signal]);
    const what = `the answer of QEMU's gdbstub to "${body}"`;
    try {
      const answer = await withLimit({ what, limit, signal: either, lastSeen: () => this.#lastSeen }, () => {
        const answered = new Promise<string>((resolve, reject) => {
          this.#awaited = { resolve, reject };
        });
        this.#socket.write(encodePacket(body));
        return answered;
      });
      const isExpected = typeof expected === "string" ? answer === expected : expected.test(answer);
      if (isExpected) return answer;
      const shown = JSON.stringify(answer.slice(0, shownCharacters));
      throw new GdbProtocolError({ what: `QEMU's gdbstub answered "${body}" with ${shown}` });
    } finally {
      this.#awaited = null;
    }
  }

  #receive(chunk: Buffer): void {
    try {
      for (const heard of this.#reader.push(chunk)) this.#hear(heard);
    } catch (error) {
      this.#close(error instanceof GdbProtocolError ? error : new GdbProtocolError({ what: String(error) }));
    }
  }

  #hear(heard: Heard): void {
    if (heard.kind === "ack") return;
    // A Unix socket loses nothing: what was not understood would not be understood again.
    if (heard.kind === "nack") throw new GdbProtocolError({ what: "QEMU's gdbstub did not understand a packet" });
    this.#socket.write("+");
    this.#lastSeen = JSON.stringify(heard.body.slice(0, shownCharacters));
    // What the guest's console would say through the debugger (E.3, `O`): nobody asked.
    if (/^O[0-9a-f]+$/.test(heard.body)) return;
    const awaited = this.#awaited;
    if (awaited === null) throw new GdbProtocolError({ what: `QEMU's gdbstub sent ${this.#lastSeen} unasked` });
    this.#awaited = null;
    awaited.resolve(heard.body);
  }

  #close(reason: HarnessError): void {
    if (this.#closed.signal.aborted) return;
    this.#closed.abort(reason);
    this.#socket.destroy();
  }
}
