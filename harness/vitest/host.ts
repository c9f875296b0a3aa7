/** Whole scenarios, run by a test on its bench. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { makePlan } from "../../src/plan/make-plan.ts";
import { parseScenario } from "../../src/scenario/parse.ts";
import type { Scenario } from "../../src/scenario/scenario.ts";
import type { Ledger } from "../../src/verdict/ledger.ts";
import { readEvidence } from "../evidence/read-evidence.ts";
import type { ScenarioRecord } from "../evidence/record.ts";
import type { Bench } from "../run/bench.ts";
import { makeHeader } from "../run/recorder.ts";
import { runScenario } from "../run/run-scenario.ts";
import { readScenario, scenariosFolder } from "../scenarios/read-scenarios.ts";
import { selectScenarios } from "../scenarios/select-scenarios.ts";
import type { PlannedTrace } from "./guest.ts";

/** What came of a scenario. */
export interface ScenarioRun {
  /** The verdict and its reason, as `zhil run --json` has them. */
  readonly record: ScenarioRecord;
  /** What was observed, for `toMatchModel` and `toMatchTrace`. */
  readonly trace: PlannedTrace;
}

/** What runs whole scenarios. */
export interface HostHandle {
  /**
   * Runs a scenario on a pristine kernel: the name of one of the project's, the path of a YAML file, or its text.
   * @throws {HarnessError} where there is none; what goes wrong with it is its verdict
   */
  run(scenario: string): Promise<ScenarioRun>;
}

/** What running scenarios takes. */
export interface HostOptions {
  readonly bench: Bench;
  readonly ledger: Ledger;
  /** Folder of the evidence. */
  readonly folder: string;
  readonly signal: AbortSignal;
}

/** Opens the host's side of a test. */
export const hostOf = ({ bench, ledger, folder, signal }: HostOptions): HostHandle => ({
  run: async (given) => {
    const scenario = await findScenario(given);
    const reproduce = (): string => `zhil run ${scenario.name} ${bench.options.join(" ")}`;
    const record = await runScenario(scenario, { bench, ledger, runFolder: folder, keep: true, reproduce, signal });
    const { header, steps } = await readEvidence(record.evidence);
    const planned = makePlan(scenario, bench.profile);
    const profile = header?.profile ?? planned.profile;
    return {
      record,
      trace: {
        ...{ header: header ?? makeHeader(planned, profile), steps },
        plan: { ...planned, profile },
      },
    };
  },
});

async function findScenario(given: string): Promise<Scenario> {
  if (given.includes("\n")) return parseScenario(given, "scenario of a test");
  const path = join(scenariosFolder, `${given}.yaml`);
  // By name alone: hundreds of files would be read to find one.
  if (/^[\w-]+$/u.test(given) && existsSync(path)) return readScenario(path);
  const selection = { names: [given], tags: [], without: [], seeds: [], folder: scenariosFolder };
  const { scenarios, broken } = await selectScenarios({ ...selection, workingFolder: process.cwd() });
  const [first] = scenarios;
  if (first !== undefined) return first;
  throw broken[0]?.error ?? new RangeError(`No scenario "${given}"`);
}
