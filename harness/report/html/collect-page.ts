/** What the page of a report is given, out of the folders of runs. */
import { basename } from "node:path";
import { deflateRawSync } from "node:zlib";
import { rules } from "../../../src/model/model.ts";
import type { OperationName } from "../../../src/operation/operation.ts";
import type {
  PageCell,
  PageData,
  PageHistory,
  PageLead,
  PageRun,
  PageScenario,
} from "../../../src/report/page-data.ts";
import type { Ledger } from "../../../src/verdict/ledger.ts";
import { readEvidence, type ScenarioEvidence } from "../../evidence/read-evidence.ts";
import { recorder } from "../../run/recorder.ts";
import { boundLines, boundText } from "./bounded.ts";
import { collectDetail } from "./collect-detail.ts";
import { findColumns } from "./find-columns.ts";
import { collectLeads, findFindings, firstDifferences } from "./find-findings.ts";

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
  const leads: (readonly PageLead[])[] = [];
  const details: string[] = [];
  const used = new Set<string>();
  const columns = (await Promise.all(folders.map(findColumns))).flat();
  for (const [run, column] of columns.entries()) {
    const seen: ScenarioEvidence[] = [];
    for (const path of column.folders) {
      const evidence = await readEvidence(path);
      for (const { operation } of evidence.steps) used.add(operation.op);
      const cell = collectCell(evidence, run, rows.indexOf(evidence));
      cells.push(cell);
      leads.push(collectLeads(evidence, cell));
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
    findings: findFindings(cells, leads),
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

function collectCell(evidence: ScenarioEvidence, run: number, scenario: number): PageCell {
  const { record, steps, judgement } = evidence;
  return {
    run,
    scenario,
    verdict: record?.verdict ?? "none",
    reason: boundText(record === null ? "No verdict: the run did not get this far" : (record.reason ?? "")),
    seconds: record?.seconds ?? 0,
    steps: steps.length,
    known: judgement?.known ?? record?.known ?? [],
    ...firstDifferences(evidence),
  };
}

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
