/** A machine that a test gives one operation after another; every answer is kept, as a trace. */
import { join } from "node:path";
import { stringify } from "yaml";
import { makePlan } from "../../src/plan/make-plan.ts";
import type { Plan } from "../../src/plan/plan.ts";
import { parseScenario } from "../../src/scenario/parse.ts";
import type { StartedTarget } from "../../src/target/target.ts";
import type { Observation } from "../../src/trace/observation.ts";
import type { Profile } from "../../src/trace/profile.ts";
import type { Trace, TraceStep } from "../../src/trace/trace.ts";
import type { Bench } from "../run/bench.ts";
import { makeHeader } from "../run/recorder.ts";
import type { MachineOptions } from "./machine-options.ts";
import type { Step } from "./step.ts";

/** What a guest is started with. */
export interface GuestOptions {
  readonly bench: Bench;
  readonly machine: MachineOptions;
  /** Folder for what the guest writes to its console. */
  readonly folder: string;
  readonly signal: AbortSignal;
}

/** A trace with what it is a trace of: what the model needs to predict it. */
export interface PlannedTrace extends Trace {
  readonly plan: Plan;
}

/** The kernel of one test. It starts with the first operation and ends with the test. */
export class Guest implements AsyncDisposable {
  readonly #options: GuestOptions;
  readonly #steps: Step[] = [];
  readonly #done: TraceStep[] = [];
  #started: Promise<StartedTarget> | null = null;
  #plan: Plan;
  #profile: Profile;
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: GuestOptions) {
    this.#options = options;
    this.#plan = this.#makePlan([{ look: {} }]);
    this.#profile = this.#plan.profile;
  }

  /** The kernel's release, such as `7.2.13`. */
  get kernel(): string {
    return this.#profile.kernel.version;
  }

  /** Versions, options and command line of what runs. */
  get profile(): Profile {
    return this.#profile;
  }

  /** File of what the guest wrote to its console; not escaped. */
  get consoleFile(): string {
    return join(this.#options.folder, "console.log");
  }

  /** Everything performed so far, and what was observed: for `toMatchModel` and `toMatchTrace`. */
  get trace(): PlannedTrace {
    const plan = this.#steps.length === 0 ? { ...this.#plan, steps: [] } : this.#plan;
    const header = makeHeader(plan, this.#profile);
    return { header, steps: [...this.#done], plan: { ...plan, profile: this.#profile } };
  }

  /**
   * Performs a step, after those before it; a phrase performs all of its operations. An errno, a warning or a panic is an
   * answer.
   * @returns what was observed after the last operation
   * @throws {ScenarioError} where it is no step; {HarnessError} where no answer was had
   */
  perform(step: Step): Promise<Observation> {
    const performed = this.#last.then(() => this.#perform(step));
    this.#last = performed.catch(() => undefined);
    return performed;
  }

  /** Ends the machine, whatever became of it. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#last;
    const started = await this.#started?.catch(() => null);
    await started?.[Symbol.asyncDispose]();
  }

  async #perform(step: Step): Promise<Observation> {
    const { bench, signal } = this.#options;
    const plan = this.#makePlan([...this.#steps, step]);
    this.#started ??= bench.createTarget(this.consoleFile).start(this.#startingPlan(plan), signal);
    const started = await this.#started;
    this.#steps.push(step);
    this.#plan = plan;
    this.#profile = started.profile;
    let last: Observation | null = null;
    for (const planned of plan.steps.slice(this.#done.length)) {
      const { observation, evidence } = await started.perform(planned.operation, signal);
      this.#done.push({ step: this.#done.length + 1, ...planned, observation, evidence });
      last = observation;
    }
    if (last === null) throw new RangeError("A step stands for one operation at least");
    return last;
  }

  /** A scenario of what was done so far and what comes next: names and addresses mean what they mean in any. */
  #makePlan(steps: readonly Step[]): Plan {
    const { functions, buffers, kernelParameters } = this.#options.machine;
    const scenario = {
      ...{ name: "test", summary: "What a test does, step by step", tags: ["test"], functions, buffers },
      ...{ "kernel-parameters": kernelParameters, steps },
    };
    return makePlan(
      parseScenario(stringify(scenario, { aliasDuplicateObjects: false }), "test"),
      this.#options.bench.profile,
    );
  }

  /** Whether functions raise interrupts is decided before anybody knows what will be asked of them. */
  #startingPlan(plan: Plan): Plan {
    const [first] = plan.functions;
    if (!this.#options.machine.interrupts || first === undefined) return plan;
    const enable = {
      operation: { op: "interrupts-enable", function: first.name },
      note: null,
    } as Plan["steps"][number];
    return { ...plan, steps: [...plan.steps, enable] };
  }
}
