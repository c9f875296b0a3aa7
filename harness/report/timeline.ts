/** The evidence of one scenario, drawn for people. */
import { findEvents } from "../../src/report/find-events.ts";
import { lanes, type Lane } from "../../src/report/page-data.ts";
import type { TraceStep } from "../../src/trace/trace.ts";
import type { StepJudgement } from "../../src/verdict/judge.ts";
import type { ScenarioEvidence } from "../evidence/read-evidence.ts";
import { describeOperation } from "./describe-operation.ts";
import { describeSeconds } from "./describe-record.ts";
import { escapeLine, escapeLines } from "./escape.ts";
import { layBeside, type Row } from "./lay-beside.ts";
import { verdictShade } from "./paint.ts";
import { shorten, type Screen } from "./screen.ts";

/** Lines of a console that are shown. */
const consoleLines = 25;
/** Log lines of one step that are shown. */
const logLines = 12;

/** Prints verdict, timeline, console and the line that reproduces it; `all` shows every observation in full. */
export function printTimeline(evidence: ScenarioEvidence, screen: Screen, all: boolean): void {
  printHead(evidence, screen);
  const judged = new Map(evidence.judgement?.steps.map((each) => [each.step, each]));
  for (const [index, step] of evidence.steps.entries()) {
    printStep(step, evidence.steps[index - 1] ?? null, judged.get(step.step), screen, all);
  }
  printFoot(evidence, screen);
}

function printHead({ record, header, folder, judgement }: ScenarioEvidence, { print, paint }: Screen): void {
  const name = record?.scenario ?? header?.scenario ?? folder;
  if (record === null) {
    print(`${paint("strong", name)}  ${paint("bad", "no verdict: the run did not get this far")}`);
  } else {
    const { verdict, reason, details, summary, started, seconds, steps } = record;
    print(`${paint("strong", name)}  ${paint(verdictShade[verdict], verdict)}`);
    if (summary !== "") print(`  ${escapeLine(summary)}`);
    if (reason !== null) print(`  ${paint(verdictShade[verdict], escapeLine(reason))}`);
    for (const line of details) print(`  ${escapeLine(line)}`);
    print(paint("faint", `  ${started}, ${describeSeconds(seconds)}, ${steps.performed} of ${steps.planned} steps`));
  }
  if (header !== null) {
    const { bench, kernel, qemu } = header.profile;
    const patches = kernel.patches.length === 0 ? "" : ` with ${kernel.patches.join(", ")}`;
    print(
      paint("faint", `  ${bench}: Linux ${escapeLine(kernel.version)}${patches}, QEMU ${escapeLine(qemu.version)}`),
    );
  }
  for (const entry of judgement?.stale ?? []) print(paint("odd", `  STALE: "${entry}" was due and did not show`));
  for (const caveat of judgement?.caveats ?? []) print(paint("odd", `  Note: ${escapeLine(caveat)}`));
  print();
}

/** Prints a step with what happened in it since `previous`, and how it was judged; `all` shows its observation in full. */
export function printStep(
  step: TraceStep,
  previous: TraceStep | null,
  judged: StepJudgement | undefined,
  screen: Screen,
  all: boolean,
): void {
  const { print, paint, width } = screen;
  const { observation, evidence, note } = step;
  const verdict = judged?.verdict ?? "pass";
  const shade = verdict === "pass" ? "faint" : verdict === "fail" ? "bad" : "odd";
  const marker = verdict === "pass" ? " " : "*";
  const entries = judged === undefined || judged.entries.length === 0 ? "" : ` (${judged.entries.join(", ")})`;
  const label = verdict === "pass" ? "" : `  ${paint(shade, `${verdict.toUpperCase()}${entries}`)}`;
  const time = paint("faint", `${(evidence.micros / 1000).toFixed(1)} ms`);
  const number = String(step.step).padStart(3);
  print(
    `${marker}${number}  ${describeOperation(step.operation)}  ${escapeLine(observation.result)}${label}  ${time}`,
  );
  if (note !== null) print(paint("faint", `        # ${escapeLine(note)}`));
  for (const line of describeEvents(step, previous)) print(paint("faint", `        ${escapeLine(line)}`));
  if (judged !== undefined && (all || verdict !== "pass")) {
    const differing = new Set(judged.differences.map((each) => each.path));
    // A step is judged against what is known of the profile; a deviation that is known is shown against the contract.
    const against = verdict === "fail" ? (judged.quirk ?? judged.contract) : judged.contract;
    const rows = layBeside(against, observation, differing);
    printRows(all ? rows : rows.filter((row) => row.differs), screen);
  }
  if (all || verdict !== "pass") {
    for (const line of evidence.log.slice(0, logLines))
      print(paint("faint", shorten(`        | ${escapeLine(line)}`, width)));
    if (evidence.log.length > logLines)
      print(paint("faint", `        | and ${evidence.log.length - logLines} lines more`));
  }
}

const laneNames: Readonly<Record<Exclude<Lane, "console">, string>> = {
  host: "host",
  zpci: "zPCI",
  function: "function",
};

/** What a step did, a line for each lane of the report's timeline; the console's is shown where there is reason to. */
function describeEvents(step: TraceStep, previous: TraceStep | null): string[] {
  const events = findEvents(step, previous);
  return lanes.flatMap((lane) => {
    const told = events.filter((event) => event.lane === lane).map(({ text }) => text);
    return lane === "console" || told.length === 0 ? [] : [`${laneNames[lane].padEnd(8)}  ${told.join("; ")}`];
  });
}

function printRows(rows: readonly Row[], { print, paint, width }: Screen): void {
  const pathWidth = Math.min(Math.max(...rows.map((row) => row.path.length), 0), 40);
  const expectedWidth = Math.min(Math.max(...rows.map((row) => row.expected.length), 0), 40);
  for (const row of rows) {
    const mark = row.differs ? "≠" : " ";
    const beside = `      ${mark} ${row.path.padEnd(pathWidth)}  expected ${row.expected.padEnd(expectedWidth)}  observed ${row.observed}`;
    const lines =
      beside.length <= width
        ? [beside]
        : [`      ${mark} ${row.path}`, `          expected ${row.expected}`, `          observed ${row.observed}`];
    for (const line of lines) print(row.differs ? paint("bad", line) : paint("faint", line));
  }
}

function printFoot({ record, consoleTail, folder }: ScenarioEvidence, { print, paint }: Screen): void {
  print();
  if (consoleTail !== null) {
    print(paint("strong", "console, its end:"));
    const lines = escapeLines(consoleTail.trimEnd());
    for (const line of lines.slice(-consoleLines)) print(paint("faint", `  | ${line}`));
    print();
  }
  print(`${paint("strong", "evidence")}: ${folder}`);
  if (record !== null) print(`${paint("strong", "reproduce")}: ${record.reproduce}`);
}
