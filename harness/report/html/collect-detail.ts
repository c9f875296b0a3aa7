/** All that a page shows of one scenario in a run. */
import { relative } from "node:path";
import { findEvents } from "../../../src/report/find-events.ts";
import type { PageDetail, PageEvent, PageRow, PageStep } from "../../../src/report/page-data.ts";
import { planOfTrace, type TraceStep } from "../../../src/trace/trace.ts";
import type { Judgement, StepJudgement } from "../../../src/verdict/judge.ts";
import { explain } from "../../../src/verdict/judge.ts";
import type { Ledger } from "../../../src/verdict/ledger.ts";
import type { ScenarioEvidence } from "../../evidence/read-evidence.ts";
import { describeOperation } from "../describe-operation.ts";
import { layBeside } from "../lay-beside.ts";
import { boundLines, boundText } from "./bounded.ts";
import { Album } from "./album.ts";

/** Most lines of a step's log, of the console, of a step's observation, of its events in one lane. */
const most = { log: 40, console: 120, rows: 120, events: 60 };
const longestCell = 300;

/** What a page shows of a scenario's evidence. */
export function collectDetail(evidence: ScenarioEvidence, ledger: Ledger, workingFolder: string): PageDetail {
  const { record, header, judgement, consoleTail } = evidence;
  const album = new Album();
  const pictured = drawStates(evidence, ledger, album);
  const judged = new Map(judgement?.steps.map((each) => [each.step, each]));
  return {
    folder: boundText(relative(workingFolder, evidence.folder) || "."),
    started: record?.started ?? "",
    planned: record?.steps.planned ?? evidence.steps.length,
    details: boundLines(record?.details ?? [], 40),
    caveats: boundLines(judgement?.caveats ?? [], 20),
    reproduce: boundText(record?.reproduce ?? ""),
    seeds: boundLines(record?.seeds ?? [], 20),
    functions: (header?.profile.functions ?? []).map(
      ({ name, device, uid, fid }) => `${boundText(name, 40)}: ${device}, UID ${uid}, FID 0x${fid.toString(16)}`,
    ),
    steps: evidence.steps.map((step, index) => ({
      ...collectStep(step, evidence.steps[index - 1] ?? null, judged.get(step.step)),
      ...(pictured.steps[index] ?? nowhere),
    })),
    unpictured: pictured.why,
    ...album.contents,
    console: boundLines(lastLines(consoleTail), most.console),
  };
}

const lastLines = (text: string | null): string[] =>
  text === null || text === "" ? [] : text.replaceAll("\r", "").trimEnd().split("\n").slice(-most.console);

function collectStep(
  step: TraceStep,
  previous: TraceStep | null,
  judged: StepJudgement | undefined,
): Omit<PageStep, keyof typeof nowhere> {
  const { observation, evidence, operation, note } = step;
  return {
    step: step.step,
    operation: operation.op,
    text: boundText(describeOperation(operation)),
    note: note === null ? null : boundText(note),
    result: boundText(observation.result, 60),
    verdict: judged?.verdict ?? "none",
    entries: judged?.entries ?? [],
    micros: evidence.micros,
    events: boundEvents(findEvents({ ...step, evidence: { ...evidence, log: [] } }, previous)),
    rows: judged === undefined ? [] : collectRows(step, judged),
    log: boundLines(evidence.log, most.log),
  };
}

const boundEvents = (events: readonly PageEvent[]): readonly PageEvent[] =>
  events.slice(0, most.events).map((event) => ({ ...event, text: boundText(event.text, longestCell) }));

/** What differs comes first; the rest is what there is to be seen. */
function collectRows({ observation }: TraceStep, judged: StepJudgement): readonly PageRow[] {
  const differing = new Set(judged.differences.map((each) => each.path));
  const against = judged.verdict === "fail" ? (judged.quirk ?? judged.contract) : judged.contract;
  const rows = layBeside(against, observation, differing);
  return [...rows.filter((row) => row.differs), ...rows.filter((row) => !row.differs)]
    .slice(0, most.rows)
    .map(({ path, expected, observed, differs }): PageRow => [
      boundText(path, longestCell),
      boundText(expected, longestCell),
      boundText(observed, longestCell),
      differs ? 1 : 0,
    ]);
}

const nowhere = { before: -1, after: -1, deviating: -1 };

interface Pictured {
  readonly steps: readonly (typeof nowhere)[];
  /** Why there are none. */
  readonly why: string | null;
}

/** The model's state before and after each step, where today's model judges the trace as it was judged. */
function drawStates({ header, steps, judgement }: ScenarioEvidence, ledger: Ledger, album: Album): Pictured {
  if (header === null || steps.length === 0) return { steps: [], why: "No operation was performed" };
  try {
    const plan = planOfTrace({ header, steps });
    const { judgement: today, contract, deviating } = explain(plan, { steps }, ledger);
    if (judgement !== null && !isSame(judgement, today)) {
      return {
        steps: [],
        why: "The model or the ledger has changed since this was judged: zhil check judges it again",
      };
    }
    const initial = album.keepInitial(plan);
    const indices = contract.map(({ state }) => album.keep(state));
    return {
      steps: indices.map((after, index) => {
        // Where what is known to deviate shows in this step at all.
        const other = today.steps[index]?.quirk === null ? undefined : deviating[index];
        const known = other === undefined ? -1 : album.keep(other.state, true);
        return { before: indices[index - 1] ?? initial, after, deviating: known === after ? -1 : known };
      }),
      why: null,
    };
  } catch (error) {
    return {
      steps: [],
      why: boundText(`The model cannot follow: ${error instanceof Error ? error.message : "why"}`),
    };
  }
}

/** Read from a file, what was not there is not there either. */
const isSame = (one: Judgement, other: Judgement): boolean =>
  JSON.stringify(one.steps.map(spellStep)) === JSON.stringify(other.steps.map(spellStep));

const spellStep = ({ verdict, entries, contract, quirk }: StepJudgement): unknown => [
  verdict,
  entries,
  contract,
  quirk,
];
