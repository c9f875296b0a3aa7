/** Answering zPCI instructions in the hypervisor's place: the kernel is stopped before them and told what a scenario says. */
import { AnswerBook, type Answer, type Asked } from "../../src/operation/answers.ts";
import { InfrastructureError } from "../errors/harness-error.ts";
import { changeResponse, responseCodeAt, responseLength } from "./change-response.ts";
import { registers, type GdbClient } from "./gdb-client.ts";
import {
  findInstructions,
  interpret,
  instructionPlaces,
  rangeOf,
  type FoundInstruction,
  type Meant,
} from "./kernel-instructions.ts";
import type { BegunCall } from "./stop-at-points.ts";

/** What an operation's instructions are answered with. */
export interface Answering {
  /** Of a machine that stands still. */
  readonly client: Omit<GdbClient, "negotiate" | "detach" | "readRegisters" | typeof Symbol.dispose>;
  /** Addresses of the kernel's functions, by name. */
  readonly symbols: ReadonlyMap<string, bigint>;
  /** Instructions that were found in this kernel before; what is found is added. */
  readonly known: Map<Answer["instruction"], readonly FoundInstruction[]>;
  /** The function of a handle, enabled or not. */
  readonly functionOf: (handle: bigint) => string | null;
  /** Limit for the operation to come to its next instruction or its end, in milliseconds. */
  readonly limit: number;
  readonly signal: AbortSignal;
}

/** Most stops at instructions in one operation. */
const stopLimit = 10_000;
/** Bits of the condition code in a PSW's mask (Principles of Operation, chapter 4). */
const conditionCodeShift = 44n;
/** Bits of the status in the register that names the function. */
const statusShift = 24n;

/**
 * Begins an operation and answers its instructions as the list says. The machine stands still at the end, whether the
 * operation has ended or not: who lets it go on has the answer. A call of the kernel that was begun before ends meanwhile.
 * @returns the operation's answer, and how often each answer of the list was given, once the operation has ended
 * @throws {InfrastructureError} where the kernel does not have an instruction where it should be
 */
export async function giveAnswers<T>(
  answering: Answering,
  answers: readonly Answer[],
  begin: () => Promise<T>,
  begun: BegunCall | null = null,
): Promise<{ readonly answer: Promise<T>; readonly given: readonly number[] }> {
  const book = new AnswerBook(answers);
  for (const instruction of book.awaited) requirePlace(answering, instruction);
  const answer = begin();
  const ended = answer.then(
    () => "ended" as const,
    () => "ended" as const,
  );
  let pending = begun;
  for (let stops = 0; book.awaited.length > 0 || pending !== null; stops += 1) {
    if (stops === stopLimit) throw new InfrastructureError({ what: `Cannot answer among ${stopLimit} instructions` });
    const returns = pending === null ? [] : [pending.address];
    const place = await goOn(answering, [...stopsFor(answering, book), ...returns], ended);
    if (place === null) break;
    if (place !== pending?.address) await stopAt(answering, book, place);
    else if (await endCall(answering, pending)) pending = null;
  }
  return { answer, given: book.given };
}

/** The call has returned, where it was this task's; then all is as it was before it. */
async function endCall({ client, signal }: Answering, { stack, registers: before }: BegunCall): Promise<boolean> {
  const isOurs = (await client.readRegister(registers.general(15), signal)) === stack;
  if (isOurs) await client.writeRegisters(before, signal);
  else await client.step(signal);
  return isOurs;
}

function requirePlace({ symbols, known }: Answering, instruction: Answer["instruction"]): void {
  if (known.has(instruction) || rangeOf(instruction, symbols) !== null) return;
  const { symbols: names } = instructionPlaces[instruction];
  throw new InfrastructureError({
    what: `Cannot answer "${instruction}": the kernel has no function ${names.join(" or ")}`,
    remedy: "Run it on a kernel with CONFIG_KALLSYMS, of a version that docs/answers.md names",
  });
}

/** Where to stop: at the instructions that are awaited, or, until those are found, at functions from which they can be. */
function stopsFor({ known, symbols }: Answering, book: AnswerBook): readonly bigint[] {
  return book.awaited.flatMap(
    (instruction) =>
      known.get(instruction)?.map(({ address }) => address) ??
      instructionPlaces[instruction].symbols.flatMap((name) => symbols.get(name) ?? []),
  );
}

async function stopAt(answering: Answering, book: AnswerBook, place: bigint): Promise<void> {
  const { known, client, functionOf, signal } = answering;
  const found = [...known.values()].flat().find(({ address }) => address === place);
  if (found === undefined) return search(answering, book);
  const meant = await interpret(found, {
    readGeneral: (number) => client.readRegister(registers.general(number), signal),
    readMemory: (address, length) => client.readMemory(address, length, signal),
  });
  const handle = meant?.handle ?? null;
  const of = handle === null ? null : functionOf(handle);
  const answer = meant === null ? null : book.take({ ...meant.asked, of } as Asked);
  // It would stop where it stands.
  if (meant === null || answer === null) await stepOver(answering, found);
  else await tell(answering, found, meant, answer);
}

/** Reads the kernel's text: from user space, where an operation begins, it is not there to be read. */
async function search({ known, symbols, client, signal }: Answering, book: AnswerBook): Promise<void> {
  for (const instruction of book.awaited.filter((each) => !known.has(each))) {
    const range = rangeOf(instruction, symbols);
    if (range === null) continue;
    const text = await client.readMemory(range.start, range.length, signal);
    const found = findInstructions(instruction, text, range.start);
    if (found.length === 0) {
      throw new InfrastructureError({
        what: `Cannot answer "${instruction}": it is not in ${instructionPlaces[instruction].symbols.join(" or ")}`,
      });
    }
    known.set(instruction, found);
  }
}

/** Steps that an instruction may take: QEMU may report one in which it has not begun. */
const stepsTried = 3;

/**
 * Has the instruction executed, and nothing else: what is told of it before would be overwritten by its own answer.
 * @throws {InfrastructureError} where the processor does not come to the next one
 */
async function stepOver({ client, signal }: Answering, { address, bytes }: FoundInstruction): Promise<void> {
  let place = address;
  for (let step = 0; step < stepsTried && place === address; step += 1) {
    await client.step(signal);
    place = await client.readRegister(registers.pswAddress, signal);
  }
  if (place === address + BigInt(bytes.length)) return;
  throw new InfrastructureError({
    what: `Cannot have the instruction at 0x${address.toString(16)} executed: the processor is at 0x${place.toString(16)} after it`,
  });
}

/** The instruction ends as the answer says, in the hypervisor's place or after it. */
async function tell(
  answering: Answering,
  found: FoundInstruction,
  { answerTo }: Meant,
  answer: Answer,
): Promise<void> {
  const { client, signal } = answering;
  const { address, bytes } = found;
  if (answer.done) await stepOver(answering, found);
  else await client.writeRegister(registers.pswAddress, address + BigInt(bytes.length), signal);
  const mask = await client.readRegister(registers.pswMask, signal);
  const cc = BigInt(answer.cc);
  await client.writeRegister(
    registers.pswMask,
    (mask & ~(3n << conditionCodeShift)) | (cc << conditionCodeShift),
    signal,
  );
  if ("register" in answerTo) {
    const status = answer.instruction === "clp" ? 0 : (answer.status ?? 0);
    const number = registers.general(answerTo.register);
    const value = await client.readRegister(number, signal);
    await client.writeRegister(number, (value & ~(0xffn << statusShift)) | (BigInt(status) << statusShift), signal);
  } else if (answer.instruction === "clp" && answer.response !== undefined) {
    const code = Buffer.alloc(2);
    code.writeUInt16BE(Number(answer.response));
    await client.writeMemory(answerTo.address, code, signal);
  } else if (answer.instruction === "clp" && answer.says !== undefined) {
    const begin = answerTo.address - responseCodeAt;
    const response = await client.readMemory(begin, responseLength, signal);
    await client.writeMemory(begin, changeResponse(response, answer.says), signal);
  }
}

/** Goes on to one of these instructions; null where the operation ended before. */
async function goOn(
  { client, signal, limit }: Answering,
  addresses: readonly bigint[],
  ended: Promise<"ended">,
): Promise<bigint | null> {
  for (const address of addresses) await client.setBreakpoint(address, signal);
  const stopped = client.resume(signal, limit);
  const first = await Promise.race([stopped.then(() => "stopped" as const), ended]);
  if (first === "ended") client.interrupt();
  await stopped;
  for (const address of addresses) await client.removeBreakpoint(address, signal);
  const place = await client.readRegister(registers.pswAddress, signal);
  return first === "stopped" && addresses.includes(place) ? place : null;
}
