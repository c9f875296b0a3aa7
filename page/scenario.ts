/** A scenario's timeline: a row for each step, opened where it first differs. */
import { lanes, type PageDetail, type PageStep } from "../src/report/page-data.ts";
import { el, type Child } from "./dom.ts";
import { drawNightsOf } from "./history.ts";
import { placeStep } from "./place.ts";
import { routeTo } from "./route.ts";
import type { Place, Report } from "./report.ts";
import { drawBehind, drawStep, laneNames } from "./step.ts";
import { badge, spellSeconds } from "./words.ts";

/** A scenario on the screen. */
export interface ScenarioView {
  readonly element: HTMLElement;
  /** Opens a step and brings it to the middle; the first difference where none is named. */
  show(step: number | null): void;
  /** Steps on by so many; among those that differ only where that is asked for. */
  move(by: 1 | -1, differing: boolean): void;
}

/** Draws a scenario; `onStep` is told which step the reader is at. */
export async function drawScenario(
  report: Report,
  place: Place,
  onStep: (step: number) => void,
): Promise<ScenarioView> {
  const detail = await report.detailOf(place.index);
  const { steps } = detail;
  let current: number | null = null;
  const rows = new Map(
    steps.map((step) => [
      step.step,
      drawStep(step, () => {
        toggle(step);
      }),
    ]),
  );
  const element = el(
    "article",
    { class: "scenario" },
    ...drawHead(report, place, detail),
    drawTimeline([...rows.values()], steps),
    ...drawFoot(detail),
  );

  const close = (step: number): void => {
    const row = rows.get(step);
    row?.classList.remove("open");
    row?.querySelector(".behind")?.remove();
    row?.querySelector("button")?.setAttribute("aria-expanded", "false");
  };
  const open = (step: PageStep): void => {
    const row = rows.get(step.step);
    if (row === undefined || row.classList.contains("open")) return;
    row.classList.add("open");
    row.append(drawBehind(report, detail, step));
    row.querySelector("button")?.setAttribute("aria-expanded", "true");
  };
  const toggle = (step: PageStep): void => {
    if (rows.get(step.step)?.classList.contains("open") === true) {
      close(step.step);
      return;
    }
    open(step);
    current = step.step;
    onStep(step.step);
  };
  const show = (wanted: number | null, focus: boolean): void => {
    const step = steps.find((each) => each.step === (wanted ?? firstOdd(steps)?.step));
    if (step === undefined) return;
    if (current !== null && current !== step.step) close(current);
    open(step);
    current = step.step;
    const row = rows.get(step.step);
    if (row === undefined) return;
    if (focus) row.querySelector("button")?.focus({ preventScroll: true });
    placeStep(row);
  };
  return {
    element,
    show: (step) => {
      show(step, step !== null);
    },
    move: (by, differing) => {
      const candidates = differing ? steps.filter((step) => isOdd(step)) : steps;
      const next =
        by === 1
          ? candidates.find(({ step }) => step > (current ?? 0))
          : candidates.findLast(({ step }) => step < (current ?? Infinity));
      if (next === undefined) return;
      show(next.step, true);
      onStep(next.step);
    },
  };
}

const isOdd = ({ verdict }: PageStep): boolean => verdict !== "pass" && verdict !== "none";
const firstOdd = (steps: readonly PageStep[]): PageStep | undefined =>
  steps.find(({ verdict }) => verdict === "fail") ?? steps.find(isOdd);

function drawHead(report: Report, { scenario, cell }: Place, detail: PageDetail): Child[] {
  const others = report.placesOf(scenario.name);
  return [
    el("p", { class: "back" }, el("a", { href: "#" }, "← all scenarios")),
    el("h1", { tabindex: -1 }, scenario.name, " ", badge(cell.verdict)),
    el("p", { class: "lead" }, scenario.summary),
    cell.reason === "" ? null : el("p", { class: `reason ${cell.verdict}` }, cell.reason),
    ...detail.details.map((line) => el("p", { class: "faint" }, line)),
    ...detail.caveats.map((line) => el("p", { class: "caveat" }, "Note: ", line)),
    report.data.history === null ? null : drawNightsOf(report.data.history, scenario.name),
    others.length < 2
      ? null
      : el(
          "nav",
          { class: "elsewhere", "aria-label": "The same scenario in other runs" },
          ...others.map((other) =>
            el(
              "a",
              {
                href: routeTo(scenario.name, null, other.cell.run),
                "aria-current": other.cell.run === cell.run ? "page" : null,
              },
              badge(other.cell.verdict),
              " ",
              report.spellRun(other.cell.run),
            ),
          ),
        ),
    el(
      "details",
      { class: "facts" },
      el(
        "summary",
        {},
        `${report.spellRun(cell.run)} · ${String(detail.steps.length)} of ${String(detail.planned)} steps · ${spellSeconds(cell.seconds)}`,
      ),
      el(
        "dl",
        {},
        ...fact("functions", detail.functions.join("; ")),
        ...fact("tags", scenario.tags.join(", ")),
        ...fact("seeds", detail.seeds.join(", ")),
        ...fact("repeat", detail.reproduce),
        ...fact("evidence", detail.folder),
        ...fact("began", detail.started),
      ),
    ),
  ];
}

const fact = (name: string, value: string): Child[] =>
  value === "" ? [] : [el("dt", {}, name), el("dd", {}, el("code", {}, value))];

/** Lanes in which nothing ever happens are left out. */
function drawTimeline(rows: readonly HTMLElement[], steps: readonly PageStep[]): HTMLElement {
  if (steps.length === 0) return el("p", { class: "nothing" }, "No operation was performed.");
  const used = lanes.filter(
    (lane) =>
      lane === "host" ||
      steps.some((step) =>
        lane === "console" ? step.log.length > 0 : step.events.some((event) => event.lane === lane),
      ),
  );
  const unused = lanes.filter((lane) => !used.includes(lane)).map((lane) => `no-${lane}`);
  return el(
    "section",
    { class: ["timeline", `lanes-${String(used.length)}`, ...unused].join(" "), "aria-labelledby": "timeline" },
    el("h2", { id: "timeline" }, "Timeline"),
    el(
      "div",
      { class: "lane-heads", "aria-hidden": "true" },
      ...used.map((lane) => el("span", { class: lane }, laneNames[lane])),
    ),
    el("ol", {}, ...rows),
  );
}

const drawFoot = ({ console: lines }: PageDetail): Child[] =>
  lines.length === 0
    ? []
    : [
        el(
          "section",
          {},
          el("h2", {}, "The guest's console, its end"),
          el("pre", { class: "console", tabindex: 0, "aria-label": "Console" }, lines.join("\n")),
        ),
      ];
