/** A scenario in a guest that has its function from a host: on clones of a frozen one, beside a boot of both. */
import { join } from "node:path";
import type { Scenario } from "../../src/scenario/scenario.ts";
import { hostBackends, type HostBackend } from "../../src/trace/host-view.ts";
import { InfrastructureError } from "../errors/harness-error.ts";
import type { ScenarioRecord } from "../evidence/record.ts";
import type { Bench } from "../run/bench.ts";
import { openPassthroughBench } from "../run/passthrough-bench.ts";
import { runScenario } from "../run/run-scenario.ts";
import { readScenario, scenariosFolder } from "../scenarios/read-scenarios.ts";
import { countTurns, type BenchContext } from "./bench-context.ts";
import type { PassthroughMeasurement } from "./measurements.ts";
import { readOperations } from "./read-operations.ts";
import { createRunContext } from "./smallest.ts";

/** What is measured: DMA, a replace by a populated IOAS, and DMA that ends the guest. */
const measured = "replace-populated-ioas";

/**
 * Measures it by each way to have a function passed through, on the prepared kernel.
 * @throws {HarnessError} where a scenario does not come to its verdict; the signal's reason where it is aborted
 */
export async function measurePassthrough(context: BenchContext): Promise<readonly PassthroughMeasurement[]> {
  const scenario = await readScenario(join(scenariosFolder, `${measured}.yaml`));
  const turn = countTurns(
    "a guest on a host",
    hostBackends.length * (context.counts.passthrough + 2),
    context.report,
  );
  const found: PassthroughMeasurement[] = [];
  for (const backend of hostBackends) found.push(await measureBackend(scenario, backend, turn, context));
  return found;
}

async function measureBackend(
  scenario: Scenario,
  backend: HostBackend,
  turn: () => void,
  context: BenchContext,
): Promise<PassthroughMeasurement> {
  const { counts, report, signal } = context;
  const options = { kernel: null, qemu: null, backend, report, signal };
  await using bench = await openPassthroughBench({ ...options, boot: "clone" });
  const time = async (on: Bench): Promise<{ readonly took: number; readonly record: ScenarioRecord }> => {
    const began = performance.now();
    const record = await runScenario(scenario, await createRunContext(on, context));
    const took = performance.now() - began;
    signal.throwIfAborted();
    expectVerdict(record);
    turn();
    return { took, record };
  };
  // The first may have to wait for the template.
  await time(bench);
  const runs = [];
  for (let count = 0; count < counts.passthrough; count++) runs.push(await time(bench));
  await using booting = await openPassthroughBench({ ...options, boot: "cold" });
  const { took: cold } = await time(booting);
  const clones = {
    ...{ scenario: scenario.name, bench: bench.title, inTurn: [] },
    alone: runs.map(({ took }) => took),
    phases: runs.map(({ record }) => record.phases),
    operations: await Promise.all(runs.map(({ record }) => readOperations(record))),
  };
  return { backend, clones, cold };
}

/** A time is worth nothing where the work was not done. */
function expectVerdict({ scenario, verdict, reason }: ScenarioRecord): void {
  if (verdict === "pass" || verdict === "known") return;
  throw new InfrastructureError({
    what: `Scenario "${scenario}" ended in ${verdict}: ${reason ?? "no reason given"}`,
  });
}
