/** One scenario, from beginning to end: scenario → plan → target → trace → judgement → record. */
import { existsSync } from "node:fs";
import type { Scenario } from "../../src/scenario/scenario.ts";
import type { Phases } from "../../src/target/target.ts";
import { judgeAs } from "../../src/verdict/judge-as.ts";
import type { ScenarioRecord } from "../evidence/record.ts";
import type { ScenarioFolder } from "../evidence/scenario-folder.ts";
import { errorOutcome, judgedOutcome, skipOutcome, type Outcome } from "./outcome.ts";
import { performPlan } from "./perform-plan.ts";
import { prepareScenario, type PreparedScenario } from "./prepared-scenario.ts";
import type { RunContext } from "./run-context.ts";

/**
 * Runs a scenario and leaves its evidence. Whatever goes wrong with the scenario becomes its verdict.
 * @throws {InfrastructureError} where the evidence cannot be written
 */
export const runScenario = (scenario: Scenario, context: RunContext): Promise<ScenarioRecord> =>
  runPrepared(prepareScenario(scenario, context), context);

/**
 * Runs a scenario that was prepared before. Its time begins now: what was prepared cost it nothing.
 * @throws {InfrastructureError} where the evidence cannot be written
 */
export async function runPrepared(prepared: PreparedScenario, context: RunContext): Promise<ScenarioRecord> {
  const began = new Date();
  const { scenario } = prepared;
  using folder = prepared.folder;

  const decided = await decide(prepared, context);

  const record = makeRecord(scenario, context, folder, decided, began);
  folder.writeRecord(record);
  const wentWell = record.verdict === "pass" || record.verdict === "known";
  if (wentWell && !context.keep) folder.drop("console");
  return record;
}

async function decide({ scenario, folder, preparation }: PreparedScenario, context: RunContext): Promise<Decided> {
  const { ledger, signal, judgedAs = null } = context;
  if (preparation.kind === "missing") return { outcome: skipOutcome(scenario, preparation.missing), phases: {} };
  try {
    if (preparation.kind === "failed") throw preparation.cause;
    const { plan, starting } = preparation;
    const { judgement, error, phases } = await performPlan(
      plan,
      starting,
      folder,
      (profile, steps) => judgeAs(judgedAs, { ...plan, profile }, { steps }, ledger),
      signal,
    );
    folder.writeJudgement(judgement);
    // A fail is an answer, whatever broke afterwards: after a wrong answer the rest of a scenario may make no sense. An
    // interrupted run is not asked.
    const answered = error === null || (judgement.verdict === "fail" && !signal.aborted);
    const outcome = answered
      ? judgedOutcome(scenario, judgement, error)
      : errorOutcome(scenario, error, judgement, signal);
    return { outcome, phases };
  } catch (cause) {
    return { outcome: errorOutcome(scenario, { cause, during: "start" }, null, signal), phases: {} };
  }
}

/** What came of a scenario, and where its time went. */
interface Decided {
  readonly outcome: Outcome;
  readonly phases: Phases;
}

/** The record of a scenario whose outcome is known. */
export function makeRecord(
  scenario: Pick<Scenario, "name" | "summary" | "tags" | "seeds" | "file">,
  { bench, reproduce }: Pick<RunContext, "bench" | "reproduce">,
  folder: ScenarioFolder,
  { outcome, phases }: Decided,
  began: Date,
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
    started: began.toISOString(),
    seconds: (Date.now() - began.getTime()) / 1000,
    phases,
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
