/** What is compared: traces, runs full of traces, or the model where it is named. */
import { stat } from "node:fs/promises";
import { basename, dirname, resolve } from "node:path";
import type { Column } from "../../src/compare/compare-traces.ts";
import { predict } from "../../src/model/model.ts";
import { planOfTrace, type Trace } from "../../src/trace/trace.ts";
import { UsageError } from "../errors/harness-error.ts";
import { readTraceFile } from "./check-trace.ts";
import { findTraces } from "./find-traces.ts";

/** The word that stands for the contract in place of a trace. */
export const modelWord = "model";

/** The same scenario in each of those that are compared. */
export interface Comparison {
  readonly scenario: string;
  readonly columns: readonly Column[];
}

/** What there is to compare, and what only some have. */
export interface Comparisons {
  readonly comparisons: readonly Comparison[];
  /** Scenarios that not all of them have. */
  readonly missing: readonly string[];
}

/**
 * Opens what is named: traces are paired by the scenario that they are of; the model comes first, and predicts for the first trace.
 * @throws {UsageError} where a name is none of these, or nothing is in all of them
 */
export async function openComparisons(names: readonly string[], workingFolder: string): Promise<Comparisons> {
  const hasModel = names.includes(modelWord);
  const others = names.filter((name) => name !== modelWord);
  if (others.length + Number(hasModel) < 2) {
    throw new UsageError({
      what: "Cannot compare fewer than two",
      remedy: `Name two or three of: traces, folders of runs, and the word "${modelWord}" for the contract`,
    });
  }
  const sides = await Promise.all(others.map((name) => openSide(name, workingFolder)));
  const [first] = sides;
  if (first === undefined) throw new UsageError({ what: "Cannot compare the model with itself" });
  const shared = pair(sides);
  const all = new Set(sides.flatMap((side) => [...side.traces.keys()]));
  if (shared.length === 0) throw new UsageError({ what: "Nothing to compare: no scenario is in all of them" });
  const comparisons = await Promise.all(
    shared.map(async (paths): Promise<Comparison> => {
      const traces = await Promise.all(paths.map(readTraceFile));
      const [reference] = traces;
      const columns = traces.map((trace, index) => columnOf(trace, sides[index]?.name ?? ""));
      const model = hasModel && reference !== undefined ? [modelColumn(reference)] : [];
      return { scenario: reference?.header.scenario ?? "", columns: [...model, ...columns] };
    }),
  );
  const named = new Set(shared.flat().map((path) => keyOf(path)));
  return {
    comparisons,
    missing: sides.every(({ single }) => single) ? [] : [...all].filter((key) => !named.has(key)),
  };
}

interface Side {
  readonly name: string;
  /** Named as one trace: compared with whatever the other side has one of. */
  readonly single: boolean;
  /** Paths, by what pairs them. */
  readonly traces: ReadonlyMap<string, string>;
}

/** What pairs traces: the folder of the scenario, or the name of the file where it was sent alone. */
const keyOf = (path: string): string =>
  basename(path) === "trace.ndjson" ? basename(dirname(path)) : basename(path, ".ndjson");

async function openSide(name: string, workingFolder: string): Promise<Side> {
  const path = resolve(workingFolder, name);
  const found = await findTraces(path);
  const single = found.length === 1 && !(await stat(path)).isDirectory() ? true : found.length === 1;
  return { name, single, traces: new Map(found.map((trace) => [keyOf(trace), trace])) };
}

/** The paths of each scenario that all sides have, one for each side. */
function pair(sides: readonly Side[]): readonly (readonly string[])[] {
  if (sides.every(({ single }) => single)) return [sides.flatMap(({ traces }) => [...traces.values()])];
  const [first, ...rest] = sides;
  return [...(first?.traces ?? [])].flatMap(([key, path]) => {
    const others = rest.map(({ traces }) => traces.get(key)).filter((each) => each !== undefined);
    return others.length === rest.length ? [[path, ...others]] : [];
  });
}

const columnOf = ({ header, steps }: Trace, name: string): Column => ({
  name: `${name} (${describeProfile(header.profile)})`,
  steps: steps.map(({ operation, observation }) => ({ operation: JSON.stringify(operation), seen: observation })),
});

const describeProfile = ({ bench, kernel, qemu }: Trace["header"]["profile"]): string =>
  bench === "model" ? "the model" : `${bench}: Linux ${kernel.version}, QEMU ${qemu.version}`;

/** The contract for the profile of a trace. */
function modelColumn(trace: Trace): Column {
  const plan = planOfTrace(trace);
  const predicted = predict(plan);
  return {
    name: modelWord,
    steps: trace.steps.map(({ operation }, index) => ({
      operation: JSON.stringify(operation),
      seen: (predicted[index]?.expectation ?? {}) as Column["steps"][number]["seen"],
    })),
  };
}
