import { describe, expect, it } from "vitest";
import { findInstructions, interpret, rangeOf, type FoundInstruction, type Reading } from "./kernel-instructions.ts";

const bytes = (hex: string): Buffer => Buffer.from(hex.replaceAll(" ", ""), "hex");
const nothing: Reading = {
  readGeneral: () => Promise.reject(new Error("no register is to be read")),
  readMemory: () => Promise.reject(new Error("no memory is to be read")),
};
const found = (instruction: FoundInstruction["instruction"], hex: string): FoundInstruction => ({
  instruction,
  address: 0n,
  bytes: bytes(hex),
});

describe("a kernel's text", () => {
  it("has instructions where they begin, not where their bytes come by", () => {
    // stg %r14,184(%r15); brasl with b9d3 in its displacement; rpcit %r1,%r2; mpcifc %r3,160(%r15); br %r14.
    const text = bytes("e3e0f0b80024 c0e5b9d30000 b9d30012 e330f0a000d0 07fe");
    expect(findInstructions("rpcit", text, 0x1000n)).toEqual([
      { instruction: "rpcit", address: 0x100cn, bytes: bytes("b9d30012") },
    ]);
    expect(findInstructions("mpcifc", text, 0x1000n)).toEqual([
      { instruction: "mpcifc", address: 0x1010n, bytes: bytes("e330f0a000d0") },
    ]);
    expect(findInstructions("clp", text, 0x1000n)).toEqual([]);
  });

  it("does not take what was cut off for an instruction", () => {
    expect(findInstructions("mpcifc", bytes("e330f0a0"), 0n)).toEqual([]);
  });
});

describe("where a kernel is searched", () => {
  it("is around the functions of a file, those that it has", () => {
    const symbols = new Map([
      ["clp_get_state", 0x3000n],
      ["clp_set_pci_fn", 0x2000n],
    ]);
    expect(rangeOf("clp", symbols)).toEqual({ start: 0x2000n, length: 0x1000 + 1024 });
  });

  it("is nowhere where it has none, or they are not together", () => {
    expect(rangeOf("rpcit", new Map())).toBeNull();
    const apart = new Map([
      ["clp_get_state", 0x9000_0000n],
      ["clp_enable_fh", 0x2000n],
    ]);
    expect(rangeOf("clp", apart)).toBeNull();
  });
});

describe("what an instruction asks for", () => {
  const handle = 0x8002_0001n;

  it.each([
    [4n, "register-ioat"],
    [5n, "unregister-ioat"],
    [7n, "reset-error"],
    [9n, "reset-load-store-blocked"],
    [10n, "set-measurement"],
    [16n, "register-interrupts"],
  ])("is told by the operation control %s of MPCIFC", async (number, control) => {
    const reading = {
      ...nothing,
      readGeneral: (register: number) => Promise.resolve(register === 3 ? (handle << 32n) | number : 0n),
    };
    expect(await interpret(found("mpcifc", "e330f0a000d0"), reading)).toEqual({
      asked: { instruction: "mpcifc", control },
      handle,
      answerTo: { register: 3 },
    });
  });

  it("is nothing where nobody knows the control", async () => {
    const reading = { ...nothing, readGeneral: () => Promise.resolve(0xffn) };
    expect(await interpret(found("mpcifc", "e330f0a000d0"), reading)).toBeNull();
  });

  it("is a flush of the function in RPCIT's first register", async () => {
    const reading = {
      ...nothing,
      readGeneral: (register: number) => Promise.resolve(register === 1 ? handle << 32n : 0n),
    };
    expect(await interpret(found("rpcit", "b9d30012"), reading)).toMatchObject({ handle, answerTo: { register: 1 } });
  });

  it.each([
    ["0020 0005 00000000 0000000000000000 80020001 0000 00 01", "enable", handle],
    ["0020 0005 00000000 0000000000000000 80020001 0000 01 00", "disable", handle],
    ["0020 0002 00000000 0000000000000000 0000000000000000", "list", null],
    ["0020 0003 00000000 0000000000000000 8002000100000000", "query", handle],
  ])("is told by the block of CLP: %s", async (block, command, named) => {
    const reading = {
      readGeneral: (register: number) => Promise.resolve(register === 9 ? 0x5000n : 0n),
      readMemory: (address: bigint, length: number) =>
        Promise.resolve(address === 0x5000n ? bytes(block).subarray(0, length) : Buffer.alloc(length)),
    };
    expect(await interpret(found("clp", "b9a02019"), reading)).toEqual({
      asked: { instruction: "clp", command },
      handle: named,
      answerTo: { address: 0x5022n },
    });
  });
});
