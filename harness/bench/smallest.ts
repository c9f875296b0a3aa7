/** The smallest scenarios there are, and what a run of them is told. */
import { join } from "node:path";
import type { Scenario } from "../../src/scenario/scenario.ts";
import type { Bench } from "../run/bench.ts";
import type { RunContext } from "../run/run-context.ts";
import { readScenario, scenariosFolder } from "../scenarios/read-scenarios.ts";
import type { BenchContext } from "./bench-context.ts";

/** The smallest scenario by API: plug, bind, attach, detach; of a device whose reset has nobody wait. */
const names = { iommufd: "attach-detach", type1: "type1-attach-detach" } as const;

/**
 * The smallest scenario through an API.
 * @throws {HarnessError} where it cannot be read
 */
export const readSmallest = (api: keyof typeof names): Promise<Scenario> =>
  readScenario(join(scenariosFolder, `${names[api]}.yaml`));

/** So many of a scenario, each with a name of its own. */
export const repeat = (scenario: Scenario, count: number): readonly Scenario[] =>
  Array.from({ length: count }, (_, index) => ({
    ...scenario,
    name: `${scenario.name}-${String(index + 1).padStart(String(count).length, "0")}`,
  }));

/** What scenarios of the benchmark share, with a new folder for their evidence. */
export async function createRunContext(bench: Bench, context: BenchContext): Promise<RunContext> {
  return {
    bench,
    ledger: context.ledger,
    runFolder: await context.createRunFolder(),
    keep: false,
    reproduce: ({ file }) => `zhil run ${file}`,
    signal: context.signal,
  };
}
