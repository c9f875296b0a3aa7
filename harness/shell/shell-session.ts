/** A scenario performed by hand: its own operations one at a time, and others typed in between. */
import { readFileSync } from "node:fs";
import { isSeq, LineCounter, parseDocument } from "yaml";
import { makePlan } from "../../src/plan/make-plan.ts";
import { placeFunctions } from "../../src/plan/place-functions.ts";
import type { Plan } from "../../src/plan/plan.ts";
import { parseScenario } from "../../src/scenario/parse.ts";
import type { Scenario } from "../../src/scenario/scenario.ts";
import { findVariant } from "../../src/scenario/put-on-device.ts";
import type { StartedTarget } from "../../src/target/target.ts";
import { planOfTrace, type TraceStep } from "../../src/trace/trace.ts";
import { judge, type StepJudgement } from "../../src/verdict/judge.ts";
import type { Ledger } from "../../src/verdict/ledger.ts";
import { UsageError } from "../errors/harness-error.ts";
import type { Bench } from "../run/bench.ts";
import { makeHeader } from "../run/recorder.ts";

/** What a session is of. */
export interface SessionOptions {
  readonly scenario: Scenario;
  readonly bench: Bench;
  readonly ledger: Ledger;
  /** What the guest says goes there. */
  readonly consoleFile: string;
  readonly signal: AbortSignal;
}

/** An operation that was performed, and how it was judged. */
export interface JudgedStep {
  readonly step: TraceStep;
  readonly judged: StepJudgement | undefined;
}

type PlannedStep = Plan["steps"][number];

/** Results after which nobody is left to ask. */
const lastResults: readonly string[] = ["panic", "hang", "stopped"];

/** A machine in the middle of a scenario, until disposed. */
export class ShellSession implements AsyncDisposable {
  readonly #options: SessionOptions;
  readonly #plan: Plan;
  readonly #target: StartedTarget;
  readonly #done: TraceStep[] = [];
  /** What was typed, each a step of the scenario's own syntax. */
  readonly #typed: string[] = [];
  #typedOperations = 0;
  #position = 0;

  private constructor(options: SessionOptions, plan: Plan, target: StartedTarget) {
    this.#options = options;
    this.#plan = plan;
    this.#target = target;
  }

  /**
   * Starts the scenario's machine; nothing is performed yet.
   * @throws {HarnessError} where it does not start
   */
  static async open(options: SessionOptions): Promise<ShellSession> {
    const plan = planOf(options.scenario, options.bench);
    const target = await options.bench.createTarget(options.consoleFile).start(plan, options.signal);
    return new ShellSession(options, plan, target);
  }

  /** Operations of the scenario itself. */
  get planned(): readonly PlannedStep[] {
    return this.#plan.steps;
  }

  /** How many of them were performed. */
  get position(): number {
    return this.#position;
  }

  /** Why nothing more can be performed; null where it can. */
  get ended(): string | null {
    const result = this.#done.at(-1)?.observation.result ?? "OK";
    return lastResults.includes(result) ? `The kernel does not answer any more: ${result}` : null;
  }

  /** Everything performed so far, as it is judged now. */
  get steps(): readonly JudgedStep[] {
    const header = makeHeader(this.#plan, this.#target.profile);
    const { steps } = judge(planOfTrace({ header, steps: this.#done }), { steps: this.#done }, this.#options.ledger);
    const judged = new Map(steps.map((each) => [each.step, each]));
    return this.#done.map((step) => ({ step, judged: judged.get(step.step) }));
  }

  /**
   * Performs the scenario's next operation.
   * @throws {UsageError} where there is none, or nobody to ask; {HarnessError} where no answer was had
   */
  async performNext(): Promise<JudgedStep> {
    const planned = this.#plan.steps[this.#position];
    if (planned === undefined) throw new UsageError({ what: "The scenario has no operation left" });
    const performed = await this.#perform(planned);
    this.#position += 1;
    return performed;
  }

  /**
   * Performs a step that somebody typed; a phrase performs all of its operations.
   * @throws {ScenarioError} where it is none; {HarnessError} as above
   */
  async performTyped(text: string): Promise<readonly JudgedStep[]> {
    const typed = [...this.#typed, text.replace(/^-\s+/u, "")];
    const scenario = withSteps(this.#options.scenario, typed);
    const known = this.#plan.steps.length + this.#typedOperations;
    const added = planOf(scenario, this.#options.bench).steps.slice(known);
    const performed: JudgedStep[] = [];
    for (const planned of added) performed.push(await this.#perform(planned));
    this.#typed.splice(0, Infinity, ...typed);
    this.#typedOperations += added.length;
    return performed;
  }

  [Symbol.asyncDispose](): PromiseLike<void> {
    return this.#target[Symbol.asyncDispose]();
  }

  async #perform(planned: PlannedStep): Promise<JudgedStep> {
    if (this.ended !== null) throw new UsageError({ what: this.ended });
    const { observation, evidence } = await this.#target.perform(planned.operation, this.#options.signal);
    this.#done.push({ step: this.#done.length + 1, ...planned, observation, evidence });
    const performed = this.steps.at(-1);
    if (performed === undefined) throw new RangeError("A step that was performed is judged");
    return performed;
  }
}

const planOf = (scenario: Scenario, bench: Bench): Plan =>
  placeFunctions(makePlan(scenario, bench.profile), bench.addresses ?? []);

/** The scenario with more steps after its own: so names that it gave mean what they mean in it. */
function withSteps(scenario: Scenario, typed: readonly string[]): Scenario {
  const text = readFileSync(scenario.file, "utf8");
  const lines = new LineCounter();
  const steps = parseDocument(text, { lineCounter: lines }).get("steps", true);
  if (!isSeq(steps) || !steps.range) throw new RangeError(`The scenario "${scenario.name}" has no list of steps`);
  const [begin, end] = steps.range;
  const indent = " ".repeat(lines.linePos(begin).col - 1);
  const added = typed.map((each) => `${indent}- ${each}\n`).join("");
  const before = text.slice(0, end);
  const longer = parseScenario(
    `${before}${before.endsWith("\n") ? "" : "\n"}${added}${text.slice(end)}`,
    scenario.file,
  );
  return findVariant(longer, scenario.name) ?? longer;
}
