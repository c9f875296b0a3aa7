/** Reporters: many small ones, all drawing from the same record. */
import type { Ledger } from "../../src/verdict/ledger.ts";
import type { ScenarioRecord } from "../evidence/record.ts";

/** What a run is about, known before its first scenario starts. */
export interface RunPlan {
  /** Names of the scenarios, in the order they are started. */
  readonly scenarios: readonly string[];
  /** What they run on, in words, such as `emulated: Linux 7.2.13 on QEMU 11.1.3`. */
  readonly bench: string;
  /** Scenarios at a time. */
  readonly jobs: number;
  /** Folder of the evidence. */
  readonly folder: string;
}

/** How a run ended. */
export interface RunResult {
  /** Records in the order of the plan; of an interrupted run, those that were had. */
  readonly records: readonly ScenarioRecord[];
  /** Scenarios that were never started. */
  readonly missing: readonly string[];
  readonly interrupted: boolean;
  /** From before the first scenario until after the last. */
  readonly seconds: number;
  readonly folder: string;
  /** What it was judged by. */
  readonly ledger: Ledger;
}

/** Something that is told how a run goes. What it throws makes the run an error. */
export interface Reporter {
  readonly name: string;
  begin?(plan: RunPlan): void;
  started?(scenario: string): void;
  ended?(record: ScenarioRecord): void;
  finish?(result: RunResult): void | Promise<void>;
}

/** A reporter that threw, and what. */
export interface BrokenReporter {
  readonly name: string;
  readonly error: unknown;
}

/** Tells several reporters; one that throws is told nothing more, and the others go on. */
export class ReporterGroup {
  readonly #reporters: readonly Reporter[];
  readonly #broken = new Map<Reporter, BrokenReporter>();

  constructor(reporters: readonly Reporter[]) {
    this.#reporters = reporters;
  }

  /** Reporters that threw. */
  get broken(): readonly BrokenReporter[] {
    return [...this.#broken.values()];
  }

  begin(plan: RunPlan): void {
    this.#tell((reporter) => reporter.begin?.(plan));
  }

  started(scenario: string): void {
    this.#tell((reporter) => reporter.started?.(scenario));
  }

  ended(record: ScenarioRecord): void {
    this.#tell((reporter) => reporter.ended?.(record));
  }

  async finish(result: RunResult): Promise<void> {
    for (const reporter of this.#reporters) {
      if (this.#broken.has(reporter)) continue;
      try {
        await reporter.finish?.(result);
      } catch (error) {
        this.#note(reporter, error);
      }
    }
  }

  #tell(call: (reporter: Reporter) => void): void {
    for (const reporter of this.#reporters) {
      if (this.#broken.has(reporter)) continue;
      try {
        call(reporter);
      } catch (error) {
        this.#note(reporter, error);
      }
    }
  }

  #note(reporter: Reporter, error: unknown): void {
    this.#broken.set(reporter, { name: reporter.name, error });
  }
}
