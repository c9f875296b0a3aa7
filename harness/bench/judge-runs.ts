/** Runs of many scenarios, beside their bars. */
import type { BenchmarkRecord, Figure } from "./benchmark-record.ts";
import { judgeFigure, unmeasured, type FigureDefinition } from "./figure.ts";
import type { Measured, RunMeasurement, RunsMeasurement } from "./measurements.ts";
import { spreadOf } from "./spread.ts";

/** Seconds that one core may take for a scenario: 1,000 in 120 s on two. */
const coreSecondsEach = (120 * 2) / 1000;
/** Scenarios after which the orchestrator's memory tells something: before, Node itself is still growing. */
const warmAfter = 100;

/** The figures of runs; `cores` is how many the run had. */
export function judgeRuns(measured: Measured<RunsMeasurement>, cores: number): readonly Figure[] {
  if ("failed" in measured) {
    return Object.values(define(null, cores)).map((definition) => unmeasured(definition, measured.failed));
  }
  const { growing, usual } = measured.found;
  const largest = growing.at(-1);
  const definitions = define(largest ?? null, cores, usual.jobs);
  if (largest === undefined) return Object.values(definitions).map((each) => unmeasured(each, "no run was made"));
  const all = [...growing, usual];
  const each = growing.map(({ seconds, scenarios }) => (seconds / scenarios) * 1000);
  const troubles = all.map(({ trouble }) => trouble).filter((trouble) => trouble !== null);
  return [
    judgeFigure(definitions.many, { value: largest.seconds, note: `${perScenario(largest)} a scenario` }),
    judgeFigure(definitions.usual, { value: usual.seconds, note: `${perScenario(usual)} a scenario` }),
    judgeFigure(definitions.others, {
      value: all.reduce((sum, run) => sum + countOthers(run), 0),
      note: troubles[0] ?? `of ${all.reduce((sum, run) => sum + run.scenarios, 0)} scenarios`,
    }),
    judgeFigure(definitions.orphans, { value: all.reduce((sum, { orphans }) => sum + orphans, 0) }),
    judgeFigure(definitions.memory, findMemory(largest)),
    judgeFigure(definitions.cpu, findShare(largest)),
    judgeFigure(definitions.growth, {
      value: (Math.max(...each) / Math.min(...each) - 1) * 100,
      note: growing.map((run) => `${run.scenarios}: ${perScenario(run)}`).join(", "),
    }),
  ];
}

const perScenario = ({ seconds, scenarios }: RunMeasurement): string =>
  `${((seconds / scenarios) * 1000).toFixed(0)} ms`;

/** Verdicts other than pass; a scenario that gave none is one, too. */
const countOthers = ({ scenarios, verdicts }: RunMeasurement): number => scenarios - (verdicts.pass ?? 0);

function findMemory({ memory, collected }: RunMeasurement): { value: number; note: string } {
  const [first, last] = [memory[0], memory.at(-1)];
  if (first === undefined || last === undefined || first === last) {
    return { value: NaN, note: "the run was too short to look twice" };
  }
  const mebibytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(0)} MiB`;
  const how = collected ? ", each after a garbage collection" : ", garbage included";
  return {
    value: (last.bytes / first.bytes - 1) * 100,
    note: `RSS ${mebibytes(first.bytes)} after ${first.after} scenarios, ${mebibytes(last.bytes)} after ${last.after}${how}`,
  };
}

function findShare({ cpu: { own, children } }: RunMeasurement): { value: number; note: string } {
  return {
    value: (own / (own + children)) * 100,
    note: `${own.toFixed(1)} s of its own, ${children.toFixed(1)} s of its QEMUs`,
  };
}

function define(
  largest: RunMeasurement | null,
  cores: number,
  usualJobs: number | null = null,
): Record<"many" | "usual" | "others" | "orphans" | "memory" | "cpu" | "growth", FigureDefinition> {
  const count = (largest?.scenarios ?? 1000).toLocaleString("en");
  const warm = (largest?.memory[0]?.after ?? Infinity) >= warmAfter;
  const limit = ((largest?.scenarios ?? 1000) * coreSecondsEach) / cores;
  return {
    many: {
      ...{
        figure: "run",
        part: "runs",
        unit: "s",
        what: `${count} such scenarios, each on its own clone, -j ${cores}`,
      },
      bar: { relation: "at most", limit, of: "value" },
    },
    usual: {
      ...{ figure: "run-usual-jobs", part: "runs", unit: "s", bar: null },
      what: `the same with the usual number of jobs${usualJobs === null ? "" : `, -j ${usualJobs}`}`,
    },
    others: {
      ...{ figure: "run-other-verdicts", part: "runs", unit: "count", what: "verdicts other than pass, of all runs" },
      bar: { relation: "at most", limit: 0, of: "value" },
    },
    orphans: {
      ...{ figure: "run-orphans", part: "runs", unit: "count", what: "processes left when a run had ended" },
      bar: { relation: "at most", limit: 0, of: "value" },
    },
    memory: {
      ...{
        figure: "run-memory-growth",
        part: "runs",
        unit: "%",
        what: "growth of the orchestrator's memory in that run",
      },
      bar: warm ? { relation: "below", limit: 10, of: "value" } : null,
    },
    cpu: {
      ...{
        figure: "run-cpu-share",
        part: "runs",
        unit: "%",
        what: "orchestrator's own share of the CPU time in that run",
      },
      bar: { relation: "at most", limit: 10, of: "value" },
    },
    growth: {
      ...{
        figure: "run-cost-growth",
        part: "runs",
        unit: "%",
        what: "cheapest against dearest time per scenario by size of run",
      },
      bar: { relation: "at most", limit: 10, of: "value" },
    },
  };
}

/** How a run is recorded. */
export const recordRun = (run: RunMeasurement): BenchmarkRecord["runs"][number] => ({
  ...{ scenarios: run.scenarios, jobs: run.jobs, seconds: run.seconds, intervals: spreadOf(run.intervals) },
  ...{
    verdicts: run.verdicts,
    orphans: run.orphans,
    cpu: run.cpu,
    memory: [...run.memory],
    collected: run.collected,
  },
});
