/** What the page of a report is given, out of the folders of runs. */
import { basename } from "node:path";
import { deflateRawSync } from "node:zlib";
import { rules } from "../../../src/model/model.ts";
import type { OperationName } from "../../../src/operation/operation.ts";
import { explainPath, generalisePath, mostTelling } from "../../../src/report/explain-path.ts";
import type {
  PageCell,
  PageData,
  PageFinding,
  PageHistory,
  PageRun,
  PageScenario,
} from "../../../src/report/page-data.ts";
import type { Ledger } from "../../../src/verdict/ledger.ts";
import type { ScenarioRecord } from "../../evidence/record.ts";
import { readEvidence, type ScenarioEvidence } from "../../evidence/read-evidence.ts";
import { recorder } from "../../run/recorder.ts";
import { describeExpected, describeObserved } from "../describe-record.ts";
import { boundLines, boundText } from "./bounded.ts";
import { collectDetail } from "./collect-detail.ts";
import { findColumns } from "./find-columns.ts";

/** What a page is made of. */
export interface PageSource {
  /** Folders of runs, of nights, or of single scenarios. */
  readonly folders: readonly string[];
  readonly ledger: Ledger;
  /** Nights before; null where there were none. */
  readonly history: PageHistory | null;
  /** Paths are told as seen from here. */
  readonly workingFolder: string;
}

/**
 * Reads runs and makes what the page shows of them. One scenario at a time is in memory.
 * @throws {UsageError} where a folder holds no evidence, or evidence that cannot be read
 */
export async function collectPage(
  { folders, ledger, history, workingFolder }: PageSource,
  now: Date,
): Promise<PageData> {
  const rows = new Rows();
  const runs: PageRun[] = [];
  const cells: PageCell[] = [];
  const details: string[] = [];
  const used = new Set<string>();
  const columns = (await Promise.all(folders.map(findColumns))).flat();
  for (const [run, column] of columns.entries()) {
    const seen: ScenarioEvidence[] = [];
    for (const path of column.folders) {
      const evidence = await readEvidence(path);
      for (const { operation } of evidence.steps) used.add(operation.op);
      cells.push(collectCell(evidence, run, rows.indexOf(evidence)));
      details.push(pack(collectDetail(evidence, ledger, workingFolder)));
      seen.push({ ...evidence, steps: [], judgement: null, consoleTail: null });
    }
    runs.push(describeRun(column.name, seen));
  }
  const named = new Set(cells.flatMap((cell) => cell.known));
  return {
    made: now.toISOString(),
    recorder,
    runs,
    scenarios: rows.scenarios,
    cells,
    findings: findFindings(cells),
    ledger: Object.fromEntries(
      ledger
        .filter(({ name }) => named.has(name))
        .map(({ name, title, fault, observed }) => [name, { title, fault, observed }]),
    ),
    history: history === null ? null : boundHistory(history),
    grounds: Object.fromEntries([...used].map((op) => [op, rules[op as OperationName].ground])),
    details,
  };
}

/** Names in a history are whatever files were called. */
const boundHistory = ({ nights, machines, marks }: PageHistory): PageHistory => ({
  nights: nights.map((name) => boundText(name, 40)),
  machines: machines.map((name) => boundText(name, 200)),
  marks: Object.fromEntries(Object.entries(marks).map(([name, lines]) => [boundText(name, 200), lines])),
});

const pack = (value: unknown): string => deflateRawSync(JSON.stringify(value), { level: 9 }).toString("base64");

/** The scenarios of all runs, each once. A run may have one twice: its folder then has a number. */
class Rows {
  readonly scenarios: PageScenario[] = [];
  readonly #indices = new Map<string, number>();

  indexOf({ folder, record, header, steps }: ScenarioEvidence): number {
    const name = boundText(basename(folder), 200);
    const known = this.#indices.get(name);
    if (known !== undefined) return known;
    this.#indices.set(name, this.scenarios.length);
    return (
      this.scenarios.push({
        name,
        summary: boundText(record?.summary ?? header?.scenario ?? ""),
        tags: boundLines(record?.tags ?? [], 30),
        operations: [...new Set(steps.map((step) => step.operation.op))],
      }) - 1
    );
  }
}

function collectCell({ record, steps, judgement }: ScenarioEvidence, run: number, scenario: number): PageCell {
  return {
    run,
    scenario,
    verdict: record?.verdict ?? "none",
    reason: boundText(record === null ? "No verdict: the run did not get this far" : (record.reason ?? "")),
    seconds: record?.seconds ?? 0,
    steps: steps.length,
    known: judgement?.known ?? record?.known ?? [],
    ...firstDifferences(record?.differences ?? []),
  };
}

/** What else differs of a step that failed, at most. */
const mostBesides = 4;

/** Of the first step that failed, the difference that tells most, and some of the others; of the first that is known where none did. */
function firstDifferences(differences: ScenarioRecord["differences"]): Pick<PageCell, "first" | "besides"> {
  const first = differences.find((each) => each.verdict === "fail") ?? differences[0];
  if (first === undefined) return { first: null, besides: [] };
  const together = differences.filter((each) => each.step === first.step && each.verdict === first.verdict);
  const told = mostTelling(together.map(({ path }) => path));
  const most = together.find(({ path }) => path === told) ?? first;
  const others = first.verdict === "fail" ? together.filter((each) => each !== most) : [];
  return {
    first: { step: first.step, operation: boundText(first.operation, 60), ...spellDifference(most) },
    besides: others.slice(0, mostBesides).map(spellDifference),
  };
}

const spellDifference = ({
  path,
  expected,
  observed,
}: ScenarioRecord["differences"][number]): PageCell["besides"][number] => ({
  path: boundText(path, 200),
  expected: boundText(describeExpected(expected), 300),
  observed: boundText(describeObserved(observed), 300),
});

function describeRun(name: string, seen: readonly ScenarioEvidence[]): PageRun {
  const profile =
    seen.find(({ header }) => header !== null)?.header?.profile ?? seen.find(({ record }) => record)?.record?.profile;
  const began = seen
    .map(({ record }) => record?.started ?? "")
    .filter(Boolean)
    .sort();
  const ended = seen.map(({ record }) => (record === null ? 0 : Date.parse(record.started) + record.seconds * 1000));
  const patches = profile?.kernel.patches ?? [];
  return {
    name: boundText(name, 200),
    bench: profile?.bench ?? "unknown",
    kernel: boundText([profile?.kernel.version ?? "unknown", ...patches].join(" + "), 200),
    qemu: boundText(profile?.qemu.version ?? "unknown", 100),
    started: began[0] ?? "",
    seconds: began[0] === undefined ? 0 : Math.max(0, (Math.max(...ended) - Date.parse(began[0])) / 1000),
  };
}

/** Fails by what they have in common: the operation and the kind of place where they first differ. Most cells first. */
function findFindings(cells: readonly PageCell[]): readonly PageFinding[] {
  const groups = new Map<string, number[]>();
  cells.forEach((cell, index) => {
    if (cell.verdict !== "fail" || cell.first === null) return;
    const key = [cell.run, cell.first.operation, generalisePath(cell.first.path)].join("\n");
    groups.set(key, [...(groups.get(key) ?? []), index]);
  });
  const stepsOf = (index: number): number => cells[index]?.steps ?? 0;
  return [...groups]
    .map(([key, found]): PageFinding => {
      const [run = "0", operation = "", path = ""] = key.split("\n");
      const sorted = found.sort((one, other) => stepsOf(one) - stepsOf(other));
      return { run: Number(run), operation, path, meaning: explainPath(path), cells: sorted };
    })
    .sort((one, other) => other.cells.length - one.cells.length);
}
