/** What the page of a report is given, out of the folders of runs. */
import { realpath } from "node:fs/promises";
import { basename } from "node:path";
import { deflateRawSync } from "node:zlib";
import { rules } from "../../../src/model/model.ts";
import type { OperationName } from "../../../src/operation/operation.ts";
import { explainPath, generalisePath } from "../../../src/report/explain-path.ts";
import type {
  PageCell,
  PageData,
  PageDifference,
  PageFinding,
  PageRun,
  PageScenario,
} from "../../../src/report/page-data.ts";
import type { Ledger } from "../../../src/verdict/ledger.ts";
import { findScenarioFolders, readEvidence, type ScenarioEvidence } from "../../evidence/read-evidence.ts";
import { recorder } from "../../run/recorder.ts";
import { describeExpected, describeObserved } from "../describe-record.ts";
import { boundLines, boundText } from "./bounded.ts";
import { collectDetail } from "./collect-detail.ts";

/** What a page is made of. */
export interface PageSource {
  /** Folders of runs, or of single scenarios. */
  readonly folders: readonly string[];
  readonly ledger: Ledger;
  /** Paths are told as seen from here. */
  readonly workingFolder: string;
}

/**
 * Reads runs and makes what the page shows of them. One scenario at a time is in memory.
 * @throws {UsageError} where a folder holds no evidence, or evidence that cannot be read
 */
export async function collectPage({ folders, ledger, workingFolder }: PageSource, now: Date): Promise<PageData> {
  const rows = new Rows();
  const runs: PageRun[] = [];
  const cells: PageCell[] = [];
  const details: string[] = [];
  const used = new Set<string>();
  for (const [run, folder] of folders.entries()) {
    const seen: ScenarioEvidence[] = [];
    for (const path of await findScenarioFolders(folder)) {
      const evidence = await readEvidence(path);
      for (const { operation } of evidence.steps) used.add(operation.op);
      cells.push(collectCell(evidence, run, rows.indexOf(evidence)));
      details.push(pack(collectDetail(evidence, ledger, workingFolder)));
      seen.push({ ...evidence, steps: [], judgement: null, consoleTail: null });
    }
    // The link to the newest run says nothing of which one it was.
    runs.push(describeRun(await realpath(folder), seen));
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
    grounds: Object.fromEntries([...used].map((op) => [op, rules[op as OperationName].ground])),
    details,
  };
}

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
    first: record === null ? null : firstDifference(record.differences),
  };
}

/** The first difference that failed; the first of all where none did. */
function firstDifference(
  differences: readonly {
    step: number;
    operation: string;
    verdict: string;
    path: string;
    expected?: unknown;
    observed?: unknown;
  }[],
): PageDifference | null {
  const first = differences.find((each) => each.verdict === "fail") ?? differences[0];
  if (first === undefined) return null;
  const { step, operation, path, expected, observed } = first;
  return {
    step,
    operation: boundText(operation, 60),
    path: boundText(path, 200),
    expected: boundText(describeExpected(expected), 300),
    observed: boundText(describeObserved(observed), 300),
  };
}

function describeRun(folder: string, seen: readonly ScenarioEvidence[]): PageRun {
  const profile =
    seen.find(({ header }) => header !== null)?.header?.profile ?? seen.find(({ record }) => record)?.record?.profile;
  const began = seen
    .map(({ record }) => record?.started ?? "")
    .filter(Boolean)
    .sort();
  const ended = seen.map(({ record }) => (record === null ? 0 : Date.parse(record.started) + record.seconds * 1000));
  const patches = profile?.kernel.patches ?? [];
  return {
    name: boundText(basename(folder), 100),
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
