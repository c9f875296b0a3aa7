/** A scenario before its turn: planned, its evidence begun, its target started or on its way. */
import { makePlan } from "../../src/plan/make-plan.ts";
import type { Plan } from "../../src/plan/plan.ts";
import { placeFunctions } from "../../src/plan/place-functions.ts";
import type { Scenario } from "../../src/scenario/scenario.ts";
import type { StartedTarget } from "../../src/target/target.ts";
import { ScenarioFolder } from "../evidence/scenario-folder.ts";
import { asVersion } from "../../src/verdict/judge-as.ts";
import { findMissing } from "./find-missing.ts";
import type { RunContext } from "./run-context.ts";

/** What is known of a scenario before it runs. */
export type Preparation =
  | { readonly kind: "starting"; readonly plan: Plan; readonly starting: Promise<StartedTarget> }
  | { readonly kind: "missing"; readonly missing: readonly string[] }
  | { readonly kind: "failed"; readonly cause: unknown };

/** A scenario that was prepared. Whoever has one runs it or gives it up. */
export interface PreparedScenario {
  readonly scenario: Scenario;
  readonly folder: ScenarioFolder;
  readonly preparation: Preparation;
  /** Resolves when its target has started, or will not; never rejects. */
  readonly started: Promise<void>;
}

/**
 * Prepares a scenario: from here on its target is coming.
 * @throws {InfrastructureError} where its evidence cannot be written
 */
export function prepareScenario(scenario: Scenario, context: RunContext): PreparedScenario {
  const folder = ScenarioFolder.create(context.runFolder, scenario.name);
  const preparation = prepare(scenario, context, folder);
  const started = preparation.kind === "starting" ? settled(preparation.starting) : Promise.resolve();
  return { scenario, folder, preparation, started };
}

/** Ends the target of a scenario that will not have its turn, and removes what there was of its evidence. */
export async function giveUp({ folder, preparation }: PreparedScenario): Promise<void> {
  if (preparation.kind === "starting") {
    const started = await preparation.starting.catch(() => null);
    try {
      await started?.[Symbol.asyncDispose]();
    } catch {
      // A machine that ended badly before anything was asked of it is nobody's result.
    }
  }
  folder.remove();
}

function prepare(scenario: Scenario, context: RunContext, folder: ScenarioFolder): Preparation {
  const { bench, signal, judgedAs = null } = context;
  // What is not asked of that version is not judged as of it.
  const lacking = [bench.profile, asVersion(bench.profile, judgedAs)].flatMap((each) => findMissing(scenario, each));
  const missing = [...new Set(lacking), ...(bench.lacks?.(scenario) ?? [])];
  if (missing.length > 0) return { kind: "missing", missing };
  try {
    const plan = placeFunctions(makePlan(scenario, bench.profile), bench.addresses ?? []);
    folder.writePlan(plan);
    folder.writeQemuCommand(bench.describeMachine(plan));
    folder.writeDigests(bench.images);
    signal.throwIfAborted();
    const starting = bench.createTarget(folder.pathOf("console")).start(plan, signal);
    return { kind: "starting", plan, starting };
  } catch (cause) {
    return { kind: "failed", cause };
  }
}

const settled = (promise: Promise<unknown>): Promise<void> =>
  promise.then(
    () => undefined,
    () => undefined,
  );
