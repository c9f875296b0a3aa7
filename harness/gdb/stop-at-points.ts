/** Stopping a kernel at points inside an operation, so that something is done while it stands still. */
import type { Stop } from "../../src/operation/during.ts";
import { enabledBit } from "../../src/zpci/handle.ts";
import { InfrastructureError } from "../errors/harness-error.ts";
import { registers, type GdbClient } from "./gdb-client.ts";
import { kernelPoints, type KernelPoint } from "./kernel-points.ts";

/** Addresses of the kernel's functions, by name. */
export type Symbols = ReadonlyMap<string, bigint>;

/** What an operation is stopped with. */
export interface Stopping {
  /** Of a machine that stands still. */
  readonly client: Omit<GdbClient, "negotiate" | "detach" | "readMemory" | "writeMemory" | typeof Symbol.dispose>;
  readonly symbols: Symbols;
  /** Handle of a function. */
  readonly handleOf: (name: string) => bigint | null;
  /** Limit for the operation to come to its next point or its end, in milliseconds. */
  readonly limit: number;
  readonly signal: AbortSignal;
}

/** Registers by their use in a call (ELF application binary interface for z/Architecture). */
const argument = registers.general(2);
const returnAddress = registers.general(14);
const stackPointer = registers.general(15);

/** Bytes that are left free under the stack of the function that stands still: more than its callee needs (160). */
const stackGap = 512n;

/** Calls a function of the kernel, where it stands, and returns what that returned. */
export type CallKernel = (symbol: string, ...parameters: readonly bigint[]) => Promise<bigint>;

/** A call that has not returned, and what is to be made good when it has. */
export interface BegunCall {
  /** Where it returns to. */
  readonly address: bigint;
  /** The stack that is the task's own then. */
  readonly stack: bigint;
  /** What the registers are to hold again. */
  readonly registers: string;
}

/** Begins to call a function of the kernel: who lets the machine go on has it return. */
export type BeginCall = (symbol: string, ...parameters: readonly bigint[]) => Promise<BegunCall>;

/** Most calls that are not the one that is waited for. */
const callLimit = 10_000;

/**
 * Begins an operation and stops it at points, in order, to do something at each. Null is what came of those that it ended
 * without passing; those after them are not looked for. The machine stands still at the end, whether the operation has
 * ended or not: who lets it go on has the answer.
 * @throws {InfrastructureError} where the kernel does not have a point; what is done at a point throws
 */
export async function stopAtPoints<T, R>(
  stopping: Stopping,
  stops: readonly Stop[],
  begin: () => Promise<T>,
  doAt: (stop: Stop, call: CallKernel) => Promise<R>,
): Promise<{ readonly answer: Promise<T>; readonly done: readonly (R | null)[] }> {
  const targets = stops.map((stop) => ({ stop, ...locate(stopping, stop) }));
  const answer = begin();
  const ended = answer.then(
    () => "ended" as const,
    () => "ended" as const,
  );
  const walk = new Walk(stopping, ended);
  const done: (R | null)[] = stops.map(() => null);
  for (const [index, { stop, ...place }] of targets.entries()) {
    if (!(await walk.toPoint(place))) break;
    done[index] = await doAt(stop, (symbol, ...parameters) => walk.call(symbol, parameters));
  }
  return { answer, done };
}

/**
 * Begins an operation and stops it in a function of the kernel, to do something there: in the operation's own task, where nothing
 * is locked. The machine stands still at the end.
 * @throws {InfrastructureError} where the kernel does not have the function, or the operation ends without it
 */
export async function stopInFunction<T>(
  stopping: Stopping,
  symbol: string,
  begin: () => Promise<T>,
  doThere: (call: CallKernel, beginCall: BeginCall) => Promise<BegunCall>,
): Promise<{ readonly answer: Promise<T>; readonly begun: BegunCall }> {
  const entry = stopping.symbols.get(symbol);
  if (entry === undefined) {
    throw new InfrastructureError({ what: `Cannot stop in "${symbol}": the kernel has no such function` });
  }
  const answer = begin();
  const ended = answer.then(
    () => "ended" as const,
    () => "ended" as const,
  );
  const walk = new Walk(stopping, ended);
  if (!(await walk.toCall([entry], () => true, false))) {
    throw new InfrastructureError({ what: `Cannot stop in "${symbol}": the operation has ended without it` });
  }
  const begun = await doThere(
    (name, ...parameters) => walk.call(name, parameters),
    (name, ...parameters) => walk.beginCall(name, parameters),
  );
  return { answer, begun };
}

/** Where a kernel's functions begin, which of their calls is meant, and on which side of it the point is. */
interface Place extends Pick<KernelPoint, "side" | "results"> {
  readonly entries: readonly bigint[];
  readonly isMeant: (first: bigint) => boolean;
}

/** A point in this kernel: where its functions begin, and which of their calls is meant. */
function locate({ symbols, handleOf }: Stopping, { at, of }: Stop): Place {
  const { symbols: names, side, results, flushes } = kernelPoints[at];
  const entries = names.flatMap((name) => symbols.get(name) ?? []);
  if (entries.length === 0) {
    throw new InfrastructureError({
      what: `Cannot stop at "${at}": the kernel has no function ${names.join(" or ")}`,
      remedy: "Run it on a kernel with CONFIG_KALLSYMS, of a version that docs/races.md names",
    });
  }
  const handle = of === null ? null : handleOf(of);
  if (of !== null && handle === null) {
    throw new InfrastructureError({ what: `Cannot stop at "${at}" of "${of}": the function has no handle` });
  }
  // A function that was disabled is flushed all the same, by the handle that it has then.
  const isMeant = (first: bigint): boolean => !flushes || handle === null || ((first >> 32n) | enabledBit) === handle;
  return { entries, isMeant, side, results };
}

/** The way of a machine from one point to the next. */
class Walk {
  readonly #stopping: Stopping;
  readonly #ended: Promise<"ended">;
  /** The instruction before which the machine stands, where that is known. */
  #place: bigint | null = null;

  constructor(stopping: Stopping, ended: Promise<"ended">) {
    this.#stopping = stopping;
    this.#ended = ended;
  }

  /** Goes on to a point; false where the operation ended before. */
  async toPoint({ entries, isMeant, side, results }: Place): Promise<boolean> {
    const { client, signal } = this.#stopping;
    for (let calls = 0; calls < callLimit; calls += 1) {
      if (!(await this.toCall(entries, isMeant, side === "return"))) return false;
      if (side === "entry") return true;
      if (!(await this.toReturn())) return false;
      if (results === null) return true;
      // An int is its register's lower half.
      const returned = Number(BigInt.asIntN(32, await client.readRegister(argument, signal)));
      if (results.includes(returned)) return true;
    }
    throw new InfrastructureError({ what: `Cannot find a call among ${callLimit}: none ended as is meant` });
  }

  /** Goes on to a call of one of these functions; false where the operation ended before. Being there may be enough. */
  async toCall(
    entries: readonly bigint[],
    isMeant: (first: bigint) => boolean,
    mayBeHere: boolean,
  ): Promise<boolean> {
    const { client, signal } = this.#stopping;
    const isHere = async (): Promise<boolean> =>
      this.#place !== null && entries.includes(this.#place) && isMeant(await client.readRegister(argument, signal));
    if (mayBeHere && (await isHere())) return true;
    for (let calls = 0; calls < callLimit; calls += 1) {
      if (!(await this.#goTo(entries))) return false;
      if (await isHere()) return true;
    }
    throw new InfrastructureError({ what: `Cannot find a call among ${callLimit}: none was the one that is meant` });
  }

  /** Goes on until the function that was just called has returned; false where it never does. */
  async toReturn(): Promise<boolean> {
    const { client, signal } = this.#stopping;
    const target = await client.readRegister(returnAddress, signal);
    const stack = await client.readRegister(stackPointer, signal);
    for (let calls = 0; calls < callLimit; calls += 1) {
      if (!(await this.#goTo([target]))) return false;
      // Another task may come by the same place first; a stack belongs to one.
      if ((await client.readRegister(stackPointer, signal)) === stack) return true;
    }
    throw new InfrastructureError({
      what: `Cannot find a return among ${callLimit}: none was the one that is meant`,
    });
  }

  /**
   * Has the processor call a function as if the one that stands still had called it: with its stack, its task and what it has
   * locked. Afterwards everything is as it was, but for what the function did.
   */
  async call(symbol: string, parameters: readonly bigint[]): Promise<bigint> {
    const { client, signal } = this.#stopping;
    const { address, registers: before } = await this.beginCall(symbol, parameters);
    if (!(await this.toReturn()))
      throw new InfrastructureError({ what: `"${symbol}" was called and never returned` });
    const returned = await client.readRegister(argument, signal);
    await client.writeRegisters(before, signal);
    this.#place = address;
    return returned;
  }

  /** As `call`, up to where the function begins. */
  async beginCall(symbol: string, parameters: readonly bigint[]): Promise<BegunCall> {
    const { client, signal, symbols } = this.#stopping;
    const entry = symbols.get(symbol);
    if (entry === undefined) {
      throw new InfrastructureError({ what: `Cannot call "${symbol}": the kernel has no such function` });
    }
    const before = await client.readRegisters(signal);
    const place = await client.readRegister(registers.pswAddress, signal);
    const stack = (await client.readRegister(stackPointer, signal)) - stackGap;
    const wanted = new Map([
      ...parameters.map((value, index) => [argument + index, value] as const),
      [returnAddress, place],
      [stackPointer, stack],
      [registers.pswAddress, entry],
    ]);
    for (const [register, value] of wanted) await client.writeRegister(register, value, signal);
    for (const [register, value] of wanted) await this.#requireRegister(register, value);
    this.#place = entry;
    return { address: place, stack, registers: before };
  }

  /** A call whose parameters did not arrive would be taken for one that did something else. */
  async #requireRegister(register: number, wanted: bigint): Promise<void> {
    const value = await this.#stopping.client.readRegister(register, this.#stopping.signal);
    if (value === wanted) return;
    const [is, was] = [value, wanted].map((each) => `0x${each.toString(16)}`);
    throw new InfrastructureError({ what: `QEMU's gdbstub did not keep register ${register}: ${is} for ${was}` });
  }

  /** Goes on to one of these instructions; false where the operation ended before. */
  async #goTo(addresses: readonly bigint[]): Promise<boolean> {
    const { client, signal, limit } = this.#stopping;
    // It would stop where it stands.
    if (this.#place !== null && addresses.includes(this.#place)) await client.step(signal);
    for (const address of addresses) await client.setBreakpoint(address, signal);
    const stopped = client.resume(signal, limit);
    const first = await Promise.race([stopped.then(() => "stopped" as const), this.#ended]);
    if (first === "ended") client.interrupt();
    await stopped;
    for (const address of addresses) await client.removeBreakpoint(address, signal);
    this.#place = await client.readRegister(registers.pswAddress, signal);
    return first === "stopped" && addresses.includes(this.#place);
  }
}
