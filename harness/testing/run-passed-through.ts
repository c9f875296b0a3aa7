/** Scenarios in a guest that has its functions from an emulated host, for tests. */
import type { HostBackend } from "../../src/trace/host-view.ts";
import type { ScenarioRecord } from "../evidence/record.ts";
import { ReporterGroup } from "../report/reporter.ts";
import { openPassthroughBench } from "../run/passthrough-bench.ts";
import { runSuite } from "../run/run-suite.ts";
import { readLedger } from "../scenarios/read-ledger.ts";
import { readScenarioFolder, scenariosFolder } from "../scenarios/read-scenarios.ts";

const { signal } = new AbortController();

/** Runs the scenarios of these names, one at a time, with the functions passed through one way. */
export async function runPassedThrough(
  backend: HostBackend,
  names: readonly string[],
  runFolder: string,
): Promise<readonly ScenarioRecord[]> {
  const { scenarios } = await readScenarioFolder(scenariosFolder);
  const chosen = scenarios.filter(({ name }) => names.includes(name));
  if (chosen.length < names.length) throw new Error("There is no scenario of one of these names");
  await using bench = await openPassthroughBench({
    kernel: null,
    qemu: null,
    backend,
    report: () => undefined,
    signal,
  });
  const { records } = await runSuite(
    { scenarios: chosen, broken: [] },
    {
      ...{ bench, ledger: await readLedger(), runFolder, keep: false, jobs: 1, signal },
      reproduce: ({ name }) => `zhil run ${name} --bench passthrough --backend ${backend}`,
      reporters: new ReporterGroup([]),
    },
  );
  return records;
}
