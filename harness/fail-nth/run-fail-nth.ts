/** One scenario, its allocations failing one after the other. */
import { makePlan } from "../../src/plan/make-plan.ts";
import type { Plan } from "../../src/plan/plan.ts";
import type { Scenario } from "../../src/scenario/scenario.ts";
import { Follower } from "../../src/verdict/follow.ts";
import { describeError } from "../errors/describe-error.ts";
import { ScenarioFolder } from "../evidence/scenario-folder.ts";
import { escapeLines } from "../report/escape.ts";
import { findMissing } from "../run/find-missing.ts";
import { makeHeader } from "../run/recorder.ts";
import type { RunContext } from "../run/run-context.ts";
import { Cursor } from "./cursor.ts";
import { spellInjection, type FailNthFinding, type FailNthRecord } from "./fail-nth-record.ts";
import type { Loss } from "./losses.ts";
import { Kernel, type Deviation, type Injection } from "./sweep.ts";

/** More findings of one scenario than this tell nothing new. */
const findingLimit = 20;

/** What is tried. */
export interface FailNthOptions extends RunContext {
  /** One allocation of one operation; all of all where null. */
  readonly only: Injection | null;
  readonly losses: readonly Loss[];
  /** Says of an operation, by all that led to it, whether it is to be tried: what one scenario tried another need not. */
  readonly claim: (history: string) => boolean;
}

/**
 * Fails the allocations of a scenario, as many on a kernel as leave nothing behind; what differs is tried again on one of
 * its own. Whatever goes wrong becomes the verdict.
 * @throws {InfrastructureError} where evidence cannot be written
 */
export async function runFailNth(scenario: Scenario, options: FailNthOptions): Promise<FailNthRecord> {
  const begin = performance.now();
  const { bench } = options;
  const state: State = { scenario, options, kernels: 0, cursor: null, findings: [], lost: new Set() };
  const end = (verdict: FailNthRecord["verdict"], reason: string | null): FailNthRecord => ({
    record: 1,
    scenario: scenario.name,
    ...{ verdict, reason },
    operations: state.cursor?.tallies ?? [],
    kernels: state.kernels,
    findings: state.findings,
    lost: [...state.lost].map(({ name }) => name),
    seconds: (performance.now() - begin) / 1000,
    evidence: options.runFolder,
  });
  const missing = findMissing(scenario, bench.profile);
  if (missing.length > 0) return end("skip", missing.join("; "));
  try {
    const plan = makePlan(scenario, bench.profile);
    if (plan.steps.some(({ operation }) => operation.during !== undefined))
      return end("skip", "it stops inside operations");
    state.cursor = new Cursor(plan, options.claim);
    await (options.only === null ? sweep(plan, state, state.cursor) : tryOne(plan, state, options.only));
  } catch (cause) {
    return end(
      "error",
      describeError(options.signal.aborted ? options.signal.reason : cause).flatMap(escapeLines)[0] ?? null,
    );
  }
  const [first] = state.findings;
  if (first !== undefined) return end("fail", describeFinding(first));
  const faults = [...state.lost].filter(({ fault }) => fault !== "none").map(({ name }) => name);
  return faults.length > 0 ? end("known", faults.join(", ")) : end("pass", null);
}

interface State {
  readonly scenario: Scenario;
  readonly options: FailNthOptions;
  kernels: number;
  cursor: Cursor | null;
  readonly findings: FailNthFinding[];
  readonly lost: Set<Loss>;
}

async function sweep(plan: Plan, state: State, cursor: Cursor): Promise<void> {
  while (!cursor.isDone && state.findings.length < findingLimit) {
    const deviation = await onKernel(plan, state, "sweep", (kernel) => kernel.sweep(cursor));
    if (deviation !== null) state.findings.push(await confirm(plan, state, deviation));
    // It differs without any failure, and will again.
    if (deviation?.after === null) break;
  }
}

async function tryOne(plan: Plan, state: State, only: Injection): Promise<void> {
  const deviation = await onKernel(plan, state, spellInjection(only), (kernel) => kernel.inject(only));
  if (deviation !== null) state.findings.push(describe(state, deviation, true));
}

/** Tries what came last before something differed on a kernel of its own. */
async function confirm(plan: Plan, state: State, deviation: Deviation): Promise<FailNthFinding> {
  const { after } = deviation;
  const again =
    after === null ? null : await onKernel(plan, state, spellInjection(after), (kernel) => kernel.inject(after));
  return describe(state, again ?? deviation, again !== null);
}

function describe({ scenario, options }: State, deviation: Deviation, confirmed: boolean): FailNthFinding {
  const { after } = deviation;
  const which = after === null ? "" : ` --fail-nth ${spellInjection(after)}`;
  return {
    ...deviation,
    confirmed,
    reproduce: `${options.reproduce(scenario)}${which}`,
  };
}

/** Has a kernel of its own do something; the trace stays where something differs. */
async function onKernel(
  plan: Plan,
  state: State,
  what: string,
  action: (kernel: Kernel) => Promise<Deviation | null>,
): Promise<Deviation | null> {
  const { bench, ledger, losses, runFolder, signal } = state.options;
  state.kernels += 1;
  using folder = ScenarioFolder.create(runFolder, `${plan.scenario}-${what.replace(":", "-")}`);
  await using started = await bench.createTarget(folder.pathOf("console")).start(plan, signal);
  folder.beginTrace(makeHeader(plan, started.profile));
  let step = 0;
  const kernel = new Kernel({
    ...{ plan, started, losses, signal },
    follower: new Follower({ ...plan, profile: started.profile }, ledger),
    onPerformed: (performed) => {
      step += 1;
      folder.addStep({ step, note: null, ...performed });
    },
  });
  const deviation = await action(kernel);
  for (const loss of kernel.lost) state.lost.add(loss);
  if (deviation === null) folder.remove();
  else started.distrust?.("an operation whose allocation failed went otherwise than it should");
  return deviation;
}

/** A finding in a line. */
export function describeFinding({ after, step, operation, differences, confirmed }: FailNthFinding): string {
  const [first] = differences;
  const where = step === null ? `"${operation}" after the scenario` : `step ${String(step)}, ${operation}`;
  const cause = after === null ? "without any failed allocation" : `allocation ${spellInjection(after)} failed`;
  const what =
    first === undefined
      ? ""
      : `: ${first.path} is ${JSON.stringify(first.observed)}, not ${JSON.stringify(first.expected)}`;
  return `${cause}, then ${where}${what}${confirmed ? "" : " (not on a kernel of its own)"}`;
}
