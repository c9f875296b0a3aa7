/** A bench that behaves as told: the model predicts, the test deviates. */
import { writeFileSync } from "node:fs";
import { exampleObservation } from "../../src/compare/compare.ts";
import { predict } from "../../src/model/model.ts";
import type { QuirkName } from "../../src/model/quirks.ts";
import { ledgerEntry } from "../../src/testing/ledger-entry.ts";
import type { Observation } from "../../src/trace/observation.ts";
import type { Profile } from "../../src/trace/profile.ts";
import type { Ledger } from "../../src/verdict/ledger.ts";
import type { Bench } from "../run/bench.ts";

/** What a fake bench does. */
export interface FakeBenchOptions {
  /** Quirks its machine has. */
  readonly quirks?: readonly QuirkName[];
  readonly kernelOptions?: readonly string[];
  /** Called before each step; what it throws is what a target throws, what it returns is observed. */
  readonly onStep?: (call: StepCall) => Observation | Promise<Observation>;
  readonly onStart?: (scenario: string, signal: AbortSignal) => void | Promise<void>;
  readonly onDistrust?: (why: string) => void;
  readonly onEnd?: (scenario: string) => void;
  readonly startsAhead?: boolean;
}

/** One operation of a fake bench. */
export interface StepCall {
  readonly scenario: string;
  /** 1-based. */
  readonly step: number;
  /** What an honest machine would show. */
  readonly honest: Observation;
  readonly signal: AbortSignal;
}

/** Profile of a machine within every range the model knows. */
export const fakeProfile: Omit<Profile, "functions"> = {
  bench: "emulated",
  kernel: { version: "7.2.13", digest: "sha256:00", options: ["*"], commandLine: "", patches: [] },
  qemu: { version: "11.1.3", digest: "sha256:01" },
  memoryMiB: 512,
  cpus: 1,
};

const beHonest = ({ honest }: StepCall): Observation => honest;

/** Creates a fake bench. */
export function fakeBench(options: FakeBenchOptions = {}): Bench {
  const { kernelOptions = ["*"], quirks = [], onStep = beHonest, onStart, onDistrust, onEnd } = options;
  const profile = { ...fakeProfile, kernel: { ...fakeProfile.kernel, options: kernelOptions } };
  return {
    title: "emulated: a fake",
    profile,
    images: [{ path: "/boot/image", digest: profile.kernel.digest }],
    options: ["--bench", "emulated"],
    describeMachine: () => ["qemu-system-s390x -kernel image"],
    startsAhead: options.startsAhead ?? false,
    createTarget: (consoleFile) => ({
      profile,
      start: async (plan, startSignal) => {
        writeFileSync(consoleFile, `${plan.scenario} booted\n`);
        await onStart?.(plan.scenario, startSignal);
        const predicted = predict(plan, new Set(quirks));
        let step = 0;
        return {
          profile: plan.profile,
          perform: async (_, signal) => {
            const next = predicted[step];
            if (next === undefined) throw new RangeError("The plan has no such step");
            const honest = exampleObservation(next.expectation);
            step += 1;
            const observation = await onStep({ scenario: plan.scenario, step, honest, signal });
            return { observation, evidence: { micros: 1500, log: ["vfio-pci: a line \u001b[2J"], raw: null } };
          },
          distrust: (why) => onDistrust?.(why),
          [Symbol.asyncDispose]: async () => {
            await Promise.resolve();
            onEnd?.(plan.scenario);
          },
        };
      },
    }),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

/** A ledger with one entry. */
export const ledgerOf = (name: QuirkName): Ledger => [ledgerEntry(name)];
