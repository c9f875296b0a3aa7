import { expect, it } from "vitest";
import type { Answer } from "../../src/operation/answers.ts";
import { registers } from "./gdb-client.ts";
import { giveAnswers, type Answering } from "./give-answers.ts";

const entry = 0x1000n;
const rpcit = entry + 6n;
const after = rpcit + 4n;
/** stg %r14,184(%r15); rpcit %r1,%r2; br %r14. */
const text = Buffer.from("e3e0f0b80024b9d3001207fe".padEnd(1024, "07"), "hex");
const handles = new Map([
  [0x80020000n, "a"],
  [0x80020001n, "b"],
]);

/** A machine that flushes functions one after the other, each by a call of the function that holds RPCIT. */
function play(
  handlesFlushed: readonly bigint[],
  known: Answering["known"] = new Map(),
  idleSteps = 0,
): Answering & { readonly run: () => Promise<string>; readonly log: string[] } {
  const breakpoints = new Set<bigint>();
  const log: string[] = [];
  const places = handlesFlushed.flatMap((handle) => [entry, rpcit].map((place) => ({ place, handle })));
  let next = 0;
  let isExecuted = false;
  let stop: (() => void) | null = null;
  let finish: (value: string) => void = () => undefined;
  const answer = new Promise<string>((resolve) => {
    finish = resolve;
  });
  const client: Answering["client"] = {
    setBreakpoint: (address) => Promise.resolve(void breakpoints.add(address)),
    removeBreakpoint: (address) => Promise.resolve(void breakpoints.delete(address)),
    readRegister: (number) => {
      const here = places[next];
      const length = isExecuted ? 4n : 0n;
      if (number === registers.pswAddress) return Promise.resolve((here?.place ?? 0n) + length);
      if (number === registers.pswMask) return Promise.resolve(0x0704_0001_8000_0000n);
      return Promise.resolve((here?.handle ?? 0n) << 32n);
    },
    writeRegister: (number, value) => {
      log.push(`${number}=${value.toString(16)}`);
      isExecuted ||= number === registers.pswAddress;
      return Promise.resolve();
    },
    readMemory: (address, length) => {
      expect(address).toBe(entry);
      return Promise.resolve(text.subarray(0, length));
    },
    writeRegisters: () => Promise.reject(new Error("nothing is called")),
    writeMemory: () => Promise.reject(new Error("nothing is to be written")),
    step: () => {
      log.push("step");
      idleSteps -= 1;
      isExecuted = idleSteps < 0;
      return Promise.resolve();
    },
    resume: async () => {
      if (isExecuted) next += 1;
      isExecuted = false;
      for (; next < places.length; next += 1) if (breakpoints.has(places[next]?.place ?? 0n)) return;
      finish("answered");
      await new Promise<void>((resolve) => {
        stop = resolve;
      });
    },
    interrupt: () => stop?.(),
  };
  return {
    ...{ client, known, limit: 1000, signal: new AbortController().signal, log, run: () => answer },
    symbols: new Map([["zpci_refresh_trans", entry]]),
    functionOf: (handle) => handles.get(handle) ?? null,
  };
}

const answerOf = (more: Partial<Answer>): Answer =>
  ({ instruction: "rpcit", cc: 1, status: 16, times: 1, from: 1, done: false, ...more }) as Answer;
const mask = registers.pswMask;

it("has the instruction end as the answer says, in the hypervisor's place", async () => {
  const machine = play([0x80020000n]);
  const { given } = await giveAnswers(machine, [answerOf({})], machine.run);
  expect(given).toEqual([1]);
  expect(machine.log).toEqual([
    `${registers.pswAddress}=${after.toString(16)}`,
    `${mask}=704100180000000`,
    `${registers.general(1)}=8002000010000000`,
  ]);
  expect(machine.known.get("rpcit")?.map(({ address }) => address)).toEqual([rpcit]);
});

it("has the hypervisor do what it is told first, where that is asked for", async () => {
  const machine = play([0x80020000n]);
  await giveAnswers(machine, [answerOf({ done: true })], machine.run);
  expect(machine.log[0]).toBe("step");
  expect(machine.log.slice(1)).toEqual([`${mask}=704100180000000`, `${registers.general(1)}=8002000010000000`]);
});

it("steps again where a step was none, and does not take another place for the next instruction", async () => {
  const machine = play([0x80020000n], new Map(), 1);
  await giveAnswers(machine, [answerOf({ done: true })], machine.run);
  expect(machine.log.slice(0, 3)).toEqual(["step", "step", `${mask}=704100180000000`]);
  const stuck = play([0x80020000n], new Map(), 100);
  await expect(giveAnswers(stuck, [answerOf({ done: true })], stuck.run)).rejects.toThrow(
    "Cannot have the instruction at 0x1006 executed: the processor is at 0x1006 after it",
  );
});

it("passes over functions that are not meant, and says how often each answer was given", async () => {
  const machine = play([0x80020000n, 0x80020001n, 0x80020001n]);
  const answers = [answerOf({ of: "b", from: 2 }), answerOf({ of: "a", from: 3 })];
  const { answer, given } = await giveAnswers(machine, answers, machine.run);
  expect(given).toEqual([1, 0]);
  expect(machine.log.filter((each) => each === "step")).toHaveLength(2);
  expect(await answer).toBe("answered");
});

it("goes to instructions at once where they are known", async () => {
  const known: Answering["known"] = new Map();
  const first = play([0x80020000n], known);
  await giveAnswers(first, [answerOf({})], first.run);
  const second = play([0x80020000n], known);
  second.client.readMemory = () => Promise.reject(new Error("it was read before"));
  expect((await giveAnswers(second, [answerOf({})], second.run)).given).toEqual([1]);
});

it("says what the kernel lacks before anything is begun", async () => {
  const machine = play([]);
  let isBegun = false;
  const attempt = giveAnswers({ ...machine, symbols: new Map() }, [answerOf({})], () => {
    isBegun = true;
    return machine.run();
  });
  await expect(attempt).rejects.toThrow('Cannot answer "rpcit": the kernel has no function zpci_refresh_trans');
  expect(isBegun).toBe(false);
});

it("says so where the instruction is not in its function", async () => {
  const machine = play([0x80020000n]);
  machine.client.readMemory = (_, length) => Promise.resolve(Buffer.alloc(length, 0x07));
  await expect(giveAnswers(machine, [answerOf({})], machine.run)).rejects.toThrow(
    'Cannot answer "rpcit": it is not in zpci_refresh_trans',
  );
});
