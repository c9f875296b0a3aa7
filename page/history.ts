/** What nights before came to: a column for each, of all scenarios together or of one. */
import { nightMarks, type NightMark } from "../src/report/night-mark.ts";
import type { PageHistory } from "../src/report/page-data.ts";
import { el } from "./dom.ts";

/** Marks in the order in which they are told, the worst first. */
const told: readonly NightMark[] = ["F", "E", "~", "k", "s", "."];

const wordOf = (mark: string): string =>
  Object.hasOwn(nightMarks, mark) ? nightMarks[mark as NightMark] : "not run";
const classOf = (mark: string): string => wordOf(mark).replaceAll(" ", "-");
/** "2026-11-21T02-00-00Z" as people say it. */
const dayOf = (night: string): string => night.slice(5, 10);

/** All scenarios, a row for each machine. */
export function drawNights({ nights, machines, marks }: PageHistory): HTMLElement {
  const lines = Object.values(marks);
  return el(
    "section",
    { class: "history", "aria-labelledby": "history" },
    el("h2", { id: "history" }, nights.length === 1 ? "The last night" : `The last ${String(nights.length)} nights`),
    el(
      "div",
      { class: "scroll", tabindex: 0, role: "region", "aria-label": "Nights by machines" },
      el(
        "table",
        {},
        el(
          "thead",
          {},
          el(
            "tr",
            {},
            el("th", { scope: "col" }, "machine"),
            ...nights.map((night) => el("th", { scope: "col", title: night }, dayOf(night))),
          ),
        ),
        el(
          "tbody",
          {},
          ...machines.map((machine, row) =>
            el(
              "tr",
              {},
              el("th", { scope: "row" }, ...machine.split(/(?<=\/)/u).flatMap((part) => [part, el("wbr")])),
              ...nights.map((night, column) =>
                drawNight(
                  night,
                  lines.map((line) => line[row]?.[column] ?? " "),
                ),
              ),
            ),
          ),
        ),
      ),
    ),
  );
}

function drawNight(night: string, marks: readonly string[]): HTMLElement {
  const counts = told
    .map((mark) => ({ mark, count: marks.filter((each) => each === mark).length }))
    .filter(({ count }) => count > 0);
  if (counts.length === 0) return el("td", { title: night }, el("span", { class: "faint" }, "–"));
  const stack = el("span", { class: "stack", "aria-hidden": "true" });
  for (const { mark, count } of counts) {
    const part = el("span", { class: classOf(mark) });
    part.style.flexGrow = String(count);
    stack.append(part);
  }
  const bad = marks.filter((mark) => mark === "F" || mark === "E").length;
  const flaky = marks.filter((mark) => mark === "~").length;
  const words = counts.map(({ mark, count }) => `${String(count)} ${wordOf(mark)}`).join(", ");
  return el(
    "td",
    { title: `${night}: ${words}` },
    stack,
    bad > 0
      ? el("strong", { class: "fail" }, bad)
      : flaky > 0
        ? el("strong", { class: "flaky" }, `${String(flaky)}~`)
        : el("span", { class: "faint" }, "0"),
    el("span", { class: "unseen" }, ` bad: ${words}`),
  );
}

/** One scenario, a line for each machine that had it; null where no night had it. */
export function drawNightsOf({ nights, machines, marks }: PageHistory, scenario: string): HTMLElement | null {
  const lines = Object.hasOwn(marks, scenario) ? (marks[scenario] ?? []) : [];
  const had = machines.flatMap((machine, row) => {
    const line = lines[row] ?? "";
    return line.trim() === "" ? [] : [{ machine, line }];
  });
  if (had.length === 0) return null;
  const span =
    nights.length === 1 ? dayOf(nights[0] ?? "") : `${dayOf(nights[0] ?? "")} to ${dayOf(nights.at(-1) ?? "")}`;
  return el(
    "dl",
    { class: "nights" },
    el("dt", {}, `Nights of ${span}`),
    ...had.map(({ machine, line }) =>
      el(
        "dd",
        {},
        el(
          "span",
          { class: "marks", role: "img", "aria-label": line.split("").map(wordOf).join(", ") },
          ...line
            .split("")
            .map((mark, index) =>
              el(
                "span",
                { class: classOf(mark), title: `${nights[index] ?? ""}: ${wordOf(mark)}` },
                mark === " " ? "-" : mark,
              ),
            ),
        ),
        " ",
        machine,
      ),
    ),
  );
}
