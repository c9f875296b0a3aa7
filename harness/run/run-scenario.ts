/** One scenario, from beginning to end: scenario → plan → target → trace → judgement → record. */
import { existsSync } from "node:fs";
import { makePlan } from "../../src/plan/make-plan.ts";
import type { Scenario } from "../../src/scenario/scenario.ts";
import { judge } from "../../src/verdict/judge.ts";
import type { Ledger } from "../../src/verdict/ledger.ts";
import type { ScenarioRecord } from "../evidence/record.ts";
import { ScenarioFolder } from "../evidence/scenario-folder.ts";
import type { Bench } from "./bench.ts";
import { findMissing } from "./find-missing.ts";
import { errorOutcome, judgedOutcome, skipOutcome, type Outcome } from "./outcome.ts";
import { performPlan } from "./perform-plan.ts";

/** What every scenario of a run shares. */
export interface RunContext {
  readonly bench: Bench;
  readonly ledger: Ledger;
  /** Folder of the run; each scenario gets one in it. */
  readonly runFolder: string;
  /** Keeps the console of scenarios that went well, too. */
  readonly keep: boolean;
  /** The command line that runs a scenario again. */
  readonly reproduce: (scenario: Pick<Scenario, "name" | "file">) => string;
  readonly signal: AbortSignal;
}

/**
 * Runs a scenario and leaves its evidence. Whatever goes wrong with the scenario becomes its verdict.
 * @throws {InfrastructureError} where the evidence cannot be written
 */
export async function runScenario(scenario: Scenario, context: RunContext): Promise<ScenarioRecord> {
  const started = new Date();
  using folder = ScenarioFolder.create(context.runFolder, scenario.name);

  const outcome = await decide(scenario, context, folder);

  const record = makeRecord(scenario, context, folder, outcome, started);
  folder.writeRecord(record);
  const wentWell = record.verdict === "pass" || record.verdict === "known";
  if (wentWell && !context.keep) folder.drop("console");
  return record;
}

async function decide(scenario: Scenario, context: RunContext, folder: ScenarioFolder): Promise<Outcome> {
  const { bench, ledger, signal } = context;
  const missing = findMissing(scenario, bench.profile);
  if (missing.length > 0) return skipOutcome(scenario, missing);
  try {
    const plan = makePlan(scenario, bench.profile);
    folder.writePlan(plan);
    folder.writeQemuCommand(bench.describeMachine(plan));
    folder.writeDigests(bench.images);

    const target = bench.createTarget(folder.pathOf("console"));
    const { profile, steps, error } = await performPlan(plan, target, folder, signal);

    const judgement = judge({ ...plan, profile }, { steps }, ledger);
    folder.writeJudgement(judgement);
    // A fail is an answer, whatever broke afterwards: after a wrong answer the rest of a scenario may make no sense. An
    // interrupted run is not asked.
    const answered = error === null || (judgement.verdict === "fail" && !signal.aborted);
    return answered ? judgedOutcome(scenario, judgement, error) : errorOutcome(scenario, error, judgement, signal);
  } catch (cause) {
    return errorOutcome(scenario, { cause, during: "start" }, null, signal);
  }
}

/** The record of a scenario whose outcome is known. */
export function makeRecord(
  scenario: Omit<Scenario, "functions" | "buffers" | "steps" | "requires" | "ground">,
  { bench, reproduce }: Pick<RunContext, "bench" | "reproduce">,
  folder: ScenarioFolder,
  outcome: Outcome,
  started: Date,
): ScenarioRecord {
  const { kernel, qemu } = bench.profile;
  const { verdict, reason, ...decided } = outcome;
  const trace = folder.pathOf("trace");
  return {
    record: 1,
    scenario: scenario.name,
    summary: scenario.summary,
    tags: [...scenario.tags],
    seeds: [...scenario.seeds],
    file: scenario.file,
    verdict,
    reason,
    ...decided,
    started: started.toISOString(),
    seconds: (Date.now() - started.getTime()) / 1000,
    profile: {
      bench: bench.profile.bench,
      kernel: { version: kernel.version, digest: kernel.digest, patches: [...kernel.patches] },
      qemu: { version: qemu.version, digest: qemu.digest },
    },
    evidence: folder.path,
    trace: existsSync(trace) ? trace : null,
    reproduce: reproduce(scenario),
  };
}
