import { describe, expect, it } from "vitest";
import type { Stop } from "../../src/operation/during.ts";
import type { PointName } from "../../src/operation/points.ts";
import { registers } from "./gdb-client.ts";
import { allSymbols, kernelPoints } from "./kernel-points.ts";
import { stopAtPoints, type Stopping } from "./stop-at-points.ts";

const never = new AbortController().signal;

/** One instruction of a kernel that is played: where, and what registers hold. */
interface Instruction {
  readonly at: bigint;
  readonly argument?: bigint;
  readonly stack?: bigint;
  readonly returnsTo?: bigint;
}

const [refresh, unmapPages, back, otherBack, register] = [0x1000n, 0x2000n, 0x3000n, 0x3100n, 0x4000n];
const symbols = new Map([
  ["zpci_register_ioat", register],
  ["zpci_refresh_trans", refresh],
  ["s390_iommu_unmap_pages", unmapPages],
]);
const handles = new Map([
  ["a", 0x80020000n],
  ["b", 0x80020001n],
]);

/** A machine that executes instructions in order, and the operation that ends with the last. */
function play(
  instructions: readonly Instruction[],
  keeps = true,
): Stopping & { readonly run: () => Promise<string>; readonly log: string[] } {
  const breakpoints = new Set<bigint>();
  const log: string[] = [];
  const written = new Map<number, bigint>();
  let next = 0;
  let stop: (() => void) | null = null;
  let finish: (value: string) => void = () => undefined;
  const answer = new Promise<string>((resolve) => {
    finish = resolve;
  });
  const here = (): Instruction => instructions[next] ?? { at: 0n };
  const client: Stopping["client"] = {
    setBreakpoint: (address) => Promise.resolve(void breakpoints.add(address)),
    removeBreakpoint: (address) => Promise.resolve(void breakpoints.delete(address)),
    readRegister: (number) => {
      const { at, argument = 0n, stack = 0n, returnsTo = 0n } = here();
      const kept = written.get(number);
      if (kept !== undefined) return Promise.resolve(kept);
      if (number === registers.pswAddress) return Promise.resolve(at);
      if (number === registers.general(2)) return Promise.resolve(argument);
      return Promise.resolve(number === registers.general(14) ? returnsTo : stack);
    },
    readRegisters: () => Promise.resolve("0123"),
    writeRegister: (number, value) => {
      log.push(`r${number}=${value.toString(16)}`);
      if (number === registers.pswAddress) next += 1;
      else if (keeps) written.set(number, value);
      return Promise.resolve();
    },
    writeRegisters: (all) => Promise.resolve(void log.push(`all=${all}`)),
    step: () => Promise.resolve(void (next += 1)),
    resume: async () => {
      written.clear();
      for (; next < instructions.length; next += 1) if (breakpoints.has(here().at)) return;
      finish("answered");
      await new Promise<void>((resolve) => {
        stop = resolve;
      });
    },
    interrupt: () => {
      log.push("interrupted");
      stop?.();
    },
  };
  const handleOf = (name: string): bigint | null => handles.get(name) ?? null;
  return { client, symbols, handleOf, limit: 1000, signal: never, run: () => answer, log };
}

const at = (point: PointName, of: string | null = null): Stop => ({ at: point, of, operations: [] });
const flush = (name: string, stack = 0x100n, returnsTo = back): Instruction => ({
  at: refresh,
  argument: (handles.get(name) ?? 0n) << 32n,
  stack,
  returnsTo,
});

/** The instructions at which a machine stood for each stop; null where it was not reached. */
async function placesOf(instructions: readonly Instruction[], stops: readonly Stop[]): Promise<unknown[]> {
  const machine = play(instructions);
  const { answer, done } = await stopAtPoints(machine, stops, machine.run, async () => [
    await machine.client.readRegister(registers.pswAddress, never),
    (await machine.client.readRegister(registers.general(2), never)) >> 32n,
  ]);
  if (done.includes(null)) {
    expect(await answer).toBe("answered");
    expect(machine.log).toEqual(["interrupted"]);
  }
  return [...done];
}

describe("a kernel that is stopped at points", () => {
  it("stands before a function's first instruction, and where it has returned to", async () => {
    const way = [{ at: unmapPages }, flush("a"), { at: 0x1010n }, { at: back, stack: 0x100n }];
    const stops = [at("before-invalidate"), at("before-flush"), at("after-flush")];
    expect(await placesOf(way, stops)).toEqual([
      [unmapPages, 0n],
      [refresh, handles.get("a")],
      [back, 0n],
    ]);
  });

  it("stands at the flush of the function that is meant", async () => {
    const way = [flush("b"), { at: back, stack: 0x100n }, flush("a"), { at: back, stack: 0x100n }];
    expect(await placesOf(way, [at("before-flush", "a")])).toEqual([[refresh, handles.get("a")]]);
    const both = [at("before-flush", "b"), at("before-flush", "a"), at("after-flush", "a")];
    expect(await placesOf(way, both)).toEqual([
      [refresh, handles.get("b")],
      [refresh, handles.get("a")],
      [back, 0n],
    ]);
  });

  it("stands at the flush of a function that is disabled, which has another handle then", async () => {
    const disabled = { ...flush("a"), argument: 0x20000n << 32n };
    expect(await placesOf([flush("b"), disabled], [at("before-flush", "a")])).toEqual([[refresh, 0x20000n]]);
  });

  it("is not taken in by another task that comes by the same place", async () => {
    const way = [flush("a"), { at: back, stack: 0x900n, argument: 7n << 32n }, { at: back, stack: 0x100n }];
    expect(await placesOf(way, [at("after-flush")])).toEqual([[back, 0n]]);
  });

  it("does not stand at a second call for the first one's return", async () => {
    const way = [
      flush("b"),
      { at: back, stack: 0x100n },
      flush("a", 0x100n, otherBack),
      { at: otherBack, stack: 0x100n },
    ];
    const stops = [at("after-flush", "b"), at("after-flush", "a")];
    expect(await placesOf(way, stops)).toEqual([
      [back, 0n],
      [otherBack, 0n],
    ]);
  });

  it("does not take a table for registered that was refused", async () => {
    const registration = (cc: bigint, returnsTo: bigint): readonly Instruction[] => [
      { at: register, stack: 0x100n, returnsTo },
      // The upper half of a register is nobody's where an int is returned.
      { at: returnsTo, stack: 0x100n, argument: (9n << 32n) + cc },
    ];
    const way = [...registration(1n, back), ...registration(0n, otherBack)];
    expect(await placesOf(way, [at("after-register")])).toEqual([[otherBack, 9n]]);
    expect(await placesOf(registration(1n, back), [at("after-register")])).toEqual([null]);
  });

  it("goes on to its end where it does not pass a point, and nothing after that is looked for", async () => {
    expect(await placesOf([{ at: unmapPages }], [at("before-flush"), at("before-invalidate")])).toEqual([null, null]);
    const stops = [at("before-invalidate"), at("after-flush", "b")];
    expect(await placesOf([{ at: unmapPages }, flush("a")], stops)).toEqual([[unmapPages, 0n], null]);
  });
});

it("has a function called where the machine stands, and everything as it was after it", async () => {
  const machine = play([
    { at: unmapPages, stack: 0x1000n },
    { at: refresh, returnsTo: unmapPages, stack: 0xe00n },
    { at: unmapPages, stack: 0xe00n, argument: 5n },
    { at: unmapPages, stack: 0x1000n },
  ]);
  const { done } = await stopAtPoints(machine, [at("before-invalidate")], machine.run, (_, call) =>
    call("zpci_refresh_trans", 1n, 2n),
  );
  expect(done).toEqual([5n]);
  const [r2, r3, r14, r15, pc] = [2, 3, 14, 15].map(registers.general).concat(registers.pswAddress);
  expect(machine.log).toEqual([`r${r2}=1`, `r${r3}=2`, `r${r14}=2000`, `r${r15}=e00`, `r${pc}=1000`, "all=0123"]);
  await expect(
    stopAtPoints(play([{ at: unmapPages }]), [at("before-invalidate")], machine.run, (_, call) => call("panic")),
  ).rejects.toThrow('Cannot call "panic": the kernel has no such function');
});

it("calls nothing where the machine does not keep what it is called with", async () => {
  const machine = play([{ at: unmapPages }, { at: refresh }], false);
  const begun = stopAtPoints(machine, [at("before-invalidate")], machine.run, (_, call) =>
    call("zpci_refresh_trans", 1n),
  );
  await expect(begun).rejects.toThrow("QEMU's gdbstub did not keep register 4: 0x0 for 0x1");
});

it("says which function a kernel does not have, before anything begins", async () => {
  const machine = play([]);
  const begin = (): Promise<string> => {
    throw new Error("begun");
  };
  await expect(stopAtPoints(machine, [at("before-enable")], begin, () => Promise.resolve())).rejects.toThrow(
    'Cannot stop at "before-enable": the kernel has no function clp_enable_fh',
  );
  await expect(stopAtPoints(machine, [at("before-flush", "c")], begin, () => Promise.resolve())).rejects.toThrow(
    'Cannot stop at "before-flush" of "c": the function has no handle',
  );
});

it("ends with what is thrown at a point", async () => {
  const machine = play([{ at: unmapPages }]);
  const fail = (): Promise<never> => Promise.reject(new Error("no DMA"));
  await expect(stopAtPoints(machine, [at("before-invalidate")], machine.run, fail)).rejects.toThrow("no DMA");
});

it("has a function of the kernel for every point, and asks for each once", () => {
  expect(Object.values(kernelPoints).every(({ symbols: names }) => names.length > 0)).toBe(true);
  expect(new Set(allSymbols).size).toBe(allSymbols.length);
  // The agent looks for so many at a time (guests/agent/symbols.c).
  expect(allSymbols.length).toBeLessThanOrEqual(32);
});
