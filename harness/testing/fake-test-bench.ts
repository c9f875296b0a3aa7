/** A bench for the kernel's own tests that behaves as told. */
import type { ProgramCall, ProgramEnd, TestBench } from "../kselftest/test-machine.ts";

/** What a program says and how it ends, where it says no more than text. */
export const endedWith = (output: string, exit = 0): ProgramEnd => ({
  ...{ kind: "ended", exit, signal: null, late: false, output, dropped: 0, alarms: [] },
});

/** A list of tests as programs write it: one fixture, no variants. */
export const listOf = (fixture: string, tests: readonly string[]): string =>
  tests.map((test, index) => `${(index === 0 ? fixture : "").padEnd(47)}${test}`).join("\n");

/** A bench whose programs do as told; `machines` counts those that were taken and those that were let go. */
export function fakeTestBench(
  run: (call: ProgramCall, signal: AbortSignal) => ProgramEnd | Promise<ProgramEnd>,
  options: readonly string[] = ["IOMMUFD"],
): TestBench & { readonly machines: { taken: number; ended: number } } {
  const machines = { taken: 0, ended: 0 };
  return {
    machines,
    title: "Linux 7.2.13 on a fake",
    kernel: { version: "7.2.13", digest: "sha256:00", options },
    qemu: { version: "11.1.3", digest: "sha256:01" },
    options: ["--kernel", "lean/kasan"],
    take: () => {
      machines.taken += 1;
      return Promise.resolve({
        run: async (call, signal) => run(call, signal),
        [Symbol.asyncDispose]: () => {
          machines.ended += 1;
          return Promise.resolve();
        },
      });
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}
