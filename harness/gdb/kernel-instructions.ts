/** zPCI instructions in a kernel: where they are in its text, and what one that is about to be executed asks for. */
import {
  commands,
  controls,
  type Answer,
  type Asked,
  type Command,
  type Control,
} from "../../src/operation/answers.ts";

/** Name of an instruction that can be answered. */
type Instruction = Answer["instruction"];

/** An instruction in a kernel's text. */
export interface FoundInstruction {
  readonly instruction: Instruction;
  readonly address: bigint;
  readonly bytes: Buffer;
}

/** Where a kernel has an instruction: at the functions of which it is inlined, or around those in whose file it is. */
interface Place {
  readonly symbols: readonly string[];
  /** Bytes of text that are searched, from the first of the functions on and past the last. */
  readonly length: number;
}

/**
 * Functions whose text holds the instructions, in Linux 6.12 to 7.2. MPCIFC and RPCIT are each in one, which is called across
 * files; the helpers that hold CLP are static, some of them inlined, so the file is searched from its first function on
 * (arch/s390/pci/pci_insn.c, pci_clp.c).
 */
export const instructionPlaces: Readonly<Record<Instruction, Place>> = {
  mpcifc: { symbols: ["zpci_mod_fc"], length: 512 },
  rpcit: { symbols: ["zpci_refresh_trans"], length: 512 },
  clp: {
    symbols: [
      ...[
        "clp_misc_release",
        "clp_misc_ioctl",
        "clp_set_pci_fn",
        "clp_list_pci_req",
        "clp_find_pci",
        "update_uid_checking",
      ],
      ...[
        "clp_query_pci_fn",
        "clp_enable_fh",
        "clp_disable_fh",
        "clp_scan_pci_devices",
        "clp_refresh_fh",
        "clp_get_state",
      ],
    ],
    length: 1024,
  },
};

/** Every function of the kernel by which instructions are found. */
export const instructionSymbols: readonly string[] = Object.values(instructionPlaces).flatMap(
  ({ symbols }) => symbols,
);

/** Most text between the first and the last function of a file: farther apart they are not where they should be. */
const spanLimit = 0x8000n;

/** The range of text to be searched for an instruction; null where the kernel lacks what it would be found by. */
export function rangeOf(
  instruction: Instruction,
  symbols: ReadonlyMap<string, bigint>,
): { readonly start: bigint; readonly length: number } | null {
  const { symbols: names, length } = instructionPlaces[instruction];
  const sorted = names.flatMap((name) => symbols.get(name) ?? []).sort((a, b) => (a < b ? -1 : 1));
  const [first] = sorted;
  const last = sorted.at(-1);
  if (first === undefined || last === undefined || last - first > spanLimit) return null;
  return { start: first, length: Number(last - first) + length };
}

/** The instruction that bytes begin with; null where it is none of these (formats RXY, RRE and RRF). */
function identify(bytes: Buffer): Instruction | null {
  if (bytes[0] === 0xe3) return bytes[5] === 0xd0 ? "mpcifc" : null;
  if (bytes[0] !== 0xb9) return null;
  if (bytes[1] === 0xd3) return "rpcit";
  return bytes[1] === 0xa0 ? "clp" : null;
}

/** Length of an instruction, by the two leftmost bits of its operation code (Principles of Operation, chapter 5). */
const lengthOf = (first: number): 2 | 4 | 6 => (first < 0x40 ? 2 : first < 0xc0 ? 4 : 6);

/** Instructions of a kind in text that begins with an instruction, in order. */
export function findInstructions(instruction: Instruction, text: Buffer, start: bigint): FoundInstruction[] {
  const found: FoundInstruction[] = [];
  for (let at = 0; at < text.length;) {
    const length = lengthOf(text[at] ?? 0);
    const bytes = text.subarray(at, at + length);
    if (bytes.length === length && identify(bytes) === instruction) {
      found.push({ instruction, address: start + BigInt(at), bytes: Buffer.from(bytes) });
    }
    at += length;
  }
  return found;
}

/** What is read of a machine to tell what an instruction asks for. */
export interface Reading {
  readonly readGeneral: (number: number) => Promise<bigint>;
  readonly readMemory: (address: bigint, length: number) => Promise<Buffer>;
}

/** What an instruction asks for, and where its status or response code goes. */
export interface Meant {
  readonly asked: Omit<Asked, "of"> & Pick<Asked, "instruction">;
  /** Handle of the function that it names; null where it names none. */
  readonly handle: bigint | null;
  /** Number of the general register that takes the status, or address of the response code. */
  readonly answerTo: { readonly register: number } | { readonly address: bigint };
}

/** Length of the part of a CLP request that is looked at: its header, the handle, the operation control. */
const requestLength = 24;
const setPciFunction = 5;
const otherCommands: Readonly<Record<number, Command>> = { 2: "list", 3: "query", 4: "query-group" };

/** What an instruction that is about to be executed asks for; null where it is nothing that can be answered. */
export async function interpret({ instruction, bytes }: FoundInstruction, reading: Reading): Promise<Meant | null> {
  if (instruction === "clp") return interpretCall(await reading.readGeneral((bytes[3] ?? 0) & 0xf), reading);
  const register = instruction === "mpcifc" ? (bytes[1] ?? 0) >> 4 : (bytes[3] ?? 0) >> 4;
  const request = await reading.readGeneral(register);
  const answerTo = { register };
  const handle = request >> 32n;
  if (instruction === "rpcit") return { asked: { instruction }, handle, answerTo };
  const number = Number(request & 0xffn);
  const control = (Object.keys(controls) as Control[]).find((each) =>
    (controls[each] as readonly number[]).includes(number),
  );
  return control === undefined ? null : { asked: { instruction, control } as Meant["asked"], handle, answerTo };
}

async function interpretCall(block: bigint, { readMemory }: Reading): Promise<Meant | null> {
  const request = await readMemory(block, requestLength);
  const [length, number] = [request.readUInt16BE(0), request.readUInt16BE(2)];
  const command = number === setPciFunction ? commands[request.readUInt8(22)] : otherCommands[number];
  if (command === undefined || (number === setPciFunction && command !== "enable" && command !== "disable"))
    return null;
  const namesFunction = number === setPciFunction || command === "query";
  return {
    asked: { instruction: "clp", command } as Meant["asked"],
    handle: namesFunction ? BigInt(request.readUInt32BE(16)) : null,
    // The response follows the request; its code, the length of the response (arch/s390/include/asm/clp.h, clp_rsp_hdr).
    answerTo: { address: block + BigInt(length) + 2n },
  };
}
