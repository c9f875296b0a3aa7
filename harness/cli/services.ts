/** What commands are made of that touches the world; tests bring their own. */
import type { Ledger } from "../../src/verdict/ledger.ts";
import type { ReportProgress } from "../assets/progress.ts";
import { examineMachine, type Finding } from "../doctor/examine-machine.ts";
import type { Bench } from "../run/bench.ts";
import { openTestBench, type TestBenchChoice } from "../kselftest/emulated-test-bench.ts";
import type { TestBench } from "../kselftest/test-machine.ts";
import { openEmulatedBench, type BootKind } from "../run/emulated-bench.ts";
import { openModelBench } from "../run/model-bench.ts";
import { readLedger } from "../scenarios/read-ledger.ts";

/** The benches there are. */
export const benchNames = ["emulated", "model"] as const;

/** The name of a bench. */
export type BenchName = (typeof benchNames)[number];

/** Which bench, and with what. */
export interface BenchChoice {
  readonly name: BenchName;
  readonly kernel: string | null;
  readonly qemu: string | null;
  readonly boot: BootKind;
  readonly report: ReportProgress;
  readonly signal: AbortSignal;
}

/** The services of the commands. */
export interface Services {
  /** @throws {HarnessError} where something it needs cannot be had */
  readonly openBench: (choice: BenchChoice) => Promise<Bench>;
  /** @throws {HarnessError} where an entry cannot be read */
  readonly readLedger: () => Promise<Ledger>;
  /** @throws {HarnessError} where something it needs cannot be had */
  readonly openTestBench: (choice: TestBenchChoice) => Promise<TestBench>;
  readonly examineMachine: () => Promise<readonly Finding[]>;
}

/** The real ones. */
export const realServices: Services = {
  openBench: (choice) => (choice.name === "model" ? Promise.resolve(openModelBench()) : openEmulatedBench(choice)),
  readLedger,
  openTestBench,
  examineMachine,
};
