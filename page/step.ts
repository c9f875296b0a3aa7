/** One step of a timeline: its row of lanes, and what is behind it. */
import { lanes, type Lane, type PageDetail, type PageRow, type PageStep } from "../src/report/page-data.ts";
import { explainPath, mostTelling } from "../src/report/explain-path.ts";
import { el, type Child } from "./dom.ts";
import { drawPicture, pictureAt } from "./picture.ts";
import type { Report } from "./report.ts";
import { badge } from "./words.ts";

/** What each lane is called. */
export const laneNames: Readonly<Record<Lane, string>> = {
  host: "Host: what is asked of the kernel",
  zpci: "zPCI",
  function: "Function and memory",
  console: "Guest console",
};

/** Rows that agree and are shown without being asked for. */
const fewRows = 8;

/** The row of a step, closed. `onToggle` is called when the reader opens or closes it. */
export function drawStep(step: PageStep, onToggle: () => void): HTMLElement {
  const head = el(
    "button",
    { type: "button", class: "head", "aria-expanded": "false", id: `step-${String(step.step)}`, onclick: onToggle },
    el("span", { class: "number" }, step.step),
    el(
      "span",
      {},
      el("code", {}, step.text),
      " ",
      el("span", { class: step.result === "OK" ? "result" : "result odd" }, step.result),
      step.verdict === "pass" || step.verdict === "none" ? null : badge(step.verdict),
    ),
  );
  return el(
    "li",
    { class: `step ${step.verdict}`, id: `at-${String(step.step)}` },
    el(
      "div",
      { class: "lanes" },
      el(
        "div",
        { class: "lane host" },
        el("h3", {}, head),
        step.note === null ? null : el("p", { class: "note" }, step.note),
        ...eventsOf(step, "host"),
      ),
      ...lanes.filter((lane) => lane !== "host").map((lane) => drawLane(step, lane)),
    ),
  );
}

function drawLane(step: PageStep, lane: Lane): HTMLElement {
  const lines =
    lane === "console"
      ? step.log.slice(0, 3).map((line) => el("p", { class: "console-line" }, line))
      : eventsOf(step, lane);
  const rest = lane === "console" ? step.log.length - 3 : 0;
  return el(
    "div",
    { class: lines.length === 0 ? `lane ${lane} empty` : `lane ${lane}` },
    lines.length === 0 ? null : el("span", { class: "lane-name" }, laneNames[lane]),
    ...lines,
    rest > 0 ? el("p", { class: "faint" }, `and ${String(rest)} more`) : null,
  );
}

const eventsOf = (step: PageStep, lane: Lane): HTMLElement[] =>
  step.events
    .filter((event) => event.lane === lane)
    .map(({ text, tone }) => el("p", { class: `event ${tone}` }, text));

/** What is behind a step: expectation beside observation, what it stands on, the log, the model before and after. */
export function drawBehind(report: Report, detail: PageDetail, step: PageStep): HTMLElement {
  return el(
    "div",
    { class: "behind" },
    el("div", { class: "judged" }, ...drawRows(step), ...drawWhy(report, step), ...drawLog(step)),
    drawPictures(detail, step),
  );
}

function drawRows({ rows, verdict }: PageStep): Child[] {
  if (rows.length === 0) return [el("p", { class: "faint" }, "This step was not judged.")];
  const differing = rows.filter(([, , , differs]) => differs === 1);
  const agreeing = rows.filter(([, , , differs]) => differs === 0);
  const [first] = differing;
  const shown = mostTelling(differing.map(([path]) => path));
  const heading =
    first === undefined ? "As expected" : verdict === "known" ? "Differs from the contract, as is known" : "Differs";
  const open = first === undefined || agreeing.length <= fewRows;
  return [
    el("h4", {}, heading),
    first === undefined ? null : el("p", { class: "meaning" }, explainPath(shown), "."),
    differing.length === 0 ? null : table(differing, "Expected beside observed, where they differ"),
    agreeing.length === 0
      ? null
      : el(
          "details",
          { open: open && differing.length === 0 },
          el("summary", {}, `${String(agreeing.length)} agree`),
          table(agreeing, "Expected beside observed, where they agree"),
        ),
  ];
}

const table = (rows: readonly PageRow[], label: string): HTMLElement =>
  el(
    "div",
    { class: "scroll", tabindex: 0, role: "region", "aria-label": label },
    el(
      "table",
      { class: "rows" },
      el(
        "thead",
        {},
        el(
          "tr",
          {},
          ...["", "where", "expected", "observed"].map((text) =>
            text === "" ? el("td") : el("th", { scope: "col" }, text),
          ),
        ),
      ),
      el(
        "tbody",
        {},
        ...rows.map(([path, expected, observed, differs]) =>
          el(
            "tr",
            { class: differs === 1 ? "differs" : "agrees" },
            el("td", { class: "mark" }, differs === 1 ? "≠" : ""),
            el("th", { scope: "row" }, path),
            el("td", { class: "expected" }, expected),
            el("td", { class: "observed" }, observed),
          ),
        ),
      ),
    ),
  );

function drawWhy({ data }: Report, { operation, entries, verdict }: PageStep): Child[] {
  const ground = data.grounds[operation];
  const known = verdict === "pass" ? [] : entries;
  return [
    ...known.flatMap((name) => {
      const entry = data.ledger[name];
      return entry === undefined
        ? []
        : [
            el(
              "div",
              { class: "entry" },
              el("h4", {}, "Known: ", el("code", {}, name)),
              el("p", {}, `${entry.title} (at fault: ${entry.fault}). ${entry.observed}`),
            ),
          ];
    }),
    ground === undefined
      ? null
      : el("p", { class: "ground" }, el("strong", {}, "What is expected stands on: "), ground),
  ];
}

const drawLog = ({ log }: PageStep): Child[] =>
  log.length === 0
    ? []
    : [
        el("h4", {}, "The kernel's log meanwhile"),
        el("pre", { tabindex: 0, "aria-label": "Kernel log of this step" }, log.join("\n")),
      ];

function drawPictures(detail: PageDetail, step: PageStep): HTMLElement {
  const [before, after, deviating] = [step.before, step.after, step.deviating].map((index) =>
    pictureAt(detail, index),
  );
  if (before === undefined || before === null || after === undefined || after === null) {
    return el("p", { class: "faint" }, `No picture of the model: ${detail.unpictured ?? "none was kept"}.`);
  }
  const isSame = step.before === step.after;
  return el(
    "div",
    { class: "pictures" },
    drawPicture(isSame ? "The model, before and after" : "The model before", before, null),
    isSame ? null : drawPicture("The model after, as the contract has it", after, before),
    deviating === undefined || deviating === null
      ? null
      : drawPicture("The model after, as this kernel and QEMU are known to do", deviating, after),
  );
}
