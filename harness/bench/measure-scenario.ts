/** The smallest scenario on a clone, beside the same where each boots a kernel. */
import type { Scenario } from "../../src/scenario/scenario.ts";
import type { Phases } from "../../src/target/target.ts";
import type { Assets } from "../assets/assets.ts";
import { describeError } from "../errors/describe-error.ts";
import { InfrastructureError } from "../errors/harness-error.ts";
import type { ScenarioRecord } from "../evidence/record.ts";
import { ResourceScope } from "../lifecycle/resource-scope.ts";
import { ReporterGroup } from "../report/reporter.ts";
import type { Bench } from "../run/bench.ts";
import { openBenchOn } from "../run/emulated-bench.ts";
import { runScenario } from "../run/run-scenario.ts";
import { runSuite } from "../run/run-suite.ts";
import { countTurns, type BenchContext } from "./bench-context.ts";
import type { Measured, ScenarioMeasurement, Side, SideMeasurement } from "./measurements.ts";
import { readOperations } from "./read-operations.ts";
import { createRunContext, readSmallest, repeat } from "./smallest.ts";

/** How a side is measured. */
interface SideSetup {
  readonly scenario: Scenario;
  readonly bench: Bench;
  readonly count: { readonly alone: number; readonly inTurn: number };
}

/** Everything that is added to while a side is measured. */
interface Samples {
  readonly alone: number[];
  readonly inTurn: number[];
  readonly phases: Phases[];
  readonly operations: Phases[];
}

/**
 * Measures every side in turn, round by round. One that fails, such as a kernel that cannot be had, does not keep the
 * others.
 * @throws the signal's reason where it is aborted
 */
export async function measureScenario(
  prepareDebian: () => Promise<Assets>,
  context: BenchContext,
): Promise<ScenarioMeasurement> {
  const { counts, report, signal } = context;
  await using scope = new ResourceScope();
  const setups: Readonly<Record<Side, () => Promise<SideSetup>>> = {
    clone: async () => {
      const bench = scope.use("clones", await openBenchOn(context.assets, [], { boot: "clone", report, signal }));
      return { scenario: await readSmallest("iommufd"), bench, count: counts.clones };
    },
    cold: async () => {
      const bench = scope.use("cold boots", await openBenchOn(context.assets, [], { boot: "cold", report, signal }));
      return { scenario: await readSmallest("iommufd"), bench, count: counts.lean };
    },
    type1Clone: async () => {
      const bench = scope.use("clones", await openBenchOn(context.assets, [], { boot: "clone", report, signal }));
      return { scenario: await readSmallest("type1"), bench, count: counts.clones };
    },
    debianCold: async () => {
      const bench = scope.use(
        "cold boots",
        await openBenchOn(await prepareDebian(), [], { boot: "cold", report, signal }),
      );
      return { scenario: await readSmallest("type1"), bench, count: counts.debian };
    },
  };
  const measuring = {} as Record<Side, MeasuringSide>;
  for (const [side, setUp] of Object.entries(setups) as [Side, () => Promise<SideSetup>][]) {
    measuring[side] = await MeasuringSide.begin(setUp, context);
  }
  const turn = countTurns("the smallest scenario on clones and cold boots", counts.rounds * 4, report);
  for (let round = 0; round < counts.rounds; round++) {
    for (const each of Object.values(measuring)) {
      await each.measureRound();
      turn();
    }
  }
  return Object.fromEntries(
    Object.entries(measuring).map(([side, each]) => [side, each.measured]),
  ) as unknown as ScenarioMeasurement;
}

/** A side while it is measured: after the first thing that goes wrong it has only that to say. */
class MeasuringSide {
  readonly #context: BenchContext;
  readonly #setup: SideSetup | string;
  readonly #samples: Samples = { alone: [], inTurn: [], phases: [], operations: [] };
  #failed: string | null = null;

  private constructor(setup: SideSetup | string, context: BenchContext) {
    this.#setup = setup;
    this.#context = context;
    if (typeof setup === "string") this.#failed = setup;
  }

  static async begin(setUp: () => Promise<SideSetup>, context: BenchContext): Promise<MeasuringSide> {
    try {
      return new MeasuringSide(await setUp(), context);
    } catch (error) {
      context.signal.throwIfAborted();
      return new MeasuringSide(describeError(error).join("; "), context);
    }
  }

  get measured(): Measured<SideMeasurement> {
    if (this.#failed !== null || typeof this.#setup === "string") return { failed: this.#failed ?? "" };
    const { scenario, bench } = this.#setup;
    return { found: { scenario: scenario.name, bench: bench.title, ...this.#samples } };
  }

  async measureRound(): Promise<void> {
    if (this.#failed !== null || typeof this.#setup === "string") return;
    const { scenario, bench, count } = this.#setup;
    try {
      await this.#runAlone(scenario, bench, count.alone);
      await this.#runInTurn(scenario, bench, count.inTurn);
    } catch (error) {
      this.#context.signal.throwIfAborted();
      this.#failed = describeError(error).join("; ");
    }
  }

  async #runAlone(scenario: Scenario, bench: Bench, count: number): Promise<void> {
    const context = await createRunContext(bench, this.#context);
    for (const each of repeat(scenario, count)) {
      const began = performance.now();
      const record = await runScenario(each, context);
      const took = performance.now() - began;
      context.signal.throwIfAborted();
      expectPass(record);
      this.#samples.alone.push(took);
      this.#samples.phases.push(record.phases);
      this.#samples.operations.push(await readOperations(record));
    }
  }

  async #runInTurn(scenario: Scenario, bench: Bench, count: number): Promise<void> {
    let last = performance.now();
    const clock = {
      name: "clock",
      ended: (): void => {
        const now = performance.now();
        this.#samples.inTurn.push(now - last);
        last = now;
      },
    };
    const { records } = await runSuite(
      { scenarios: repeat(scenario, count), broken: [] },
      { ...(await createRunContext(bench, this.#context)), jobs: 1, reporters: new ReporterGroup([clock]) },
    );
    this.#context.signal.throwIfAborted();
    for (const record of records) expectPass(record);
  }
}

/** A time is worth nothing where the work was not done. */
function expectPass({ scenario, verdict, reason }: ScenarioRecord): void {
  if (verdict === "pass") return;
  throw new InfrastructureError({
    what: `Scenario "${scenario}" ended in ${verdict}: ${reason ?? "no reason given"}`,
  });
}
