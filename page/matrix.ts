/** Scenarios by runs: a row each, a column for each kernel and QEMU. */
import type { PageCell } from "../src/report/page-data.ts";
import { el } from "./dom.ts";
import type { Report } from "./report.ts";
import { routeTo } from "./route.ts";
import { badge, spellSeconds } from "./words.ts";

/** The table of some scenarios. */
export function drawMatrix(report: Report, shown: readonly number[]): HTMLElement {
  const { scenarios, runs } = report.data;
  if (shown.length === 0) return el("p", { class: "nothing", role: "status" }, "No scenario is like that.");
  const byPlace = new Map(report.data.cells.map((cell) => [`${String(cell.scenario)}/${String(cell.run)}`, cell]));
  const isOne = runs.length === 1;
  const cellOf = (scenario: number, run: number): PageCell | undefined =>
    byPlace.get(`${String(scenario)}/${String(run)}`);
  const rows = shown.map((index) => {
    const scenario = scenarios[index];
    const name = scenario?.name ?? "";
    const cells = runs.map((_, run) => cellOf(index, run));
    return el(
      "tr",
      {},
      el(
        "th",
        { scope: "row" },
        el("a", { href: routeTo(name) }, name),
        el("span", { class: "summary" }, scenario?.summary ?? ""),
      ),
      ...cells.map((cell, run) => drawCell(name, cell, report.spellRun(run))),
      ...(isOne
        ? [
            el("td", { class: "reason" }, cells[0]?.reason ?? ""),
            el("td", { class: "time" }, spellSeconds(cells[0]?.seconds ?? 0)),
          ]
        : []),
    );
  });
  const all = `${String(scenarios.length)} scenario${scenarios.length === 1 ? "" : "s"}`;
  const count = shown.length === scenarios.length ? all : `${String(shown.length)} of ${all}`;
  return el(
    "div",
    {},
    el("p", { class: "faint", role: "status" }, count),
    el(
      "div",
      { class: isOne ? "scroll" : "scroll all", tabindex: 0, role: "region", "aria-label": "Scenarios by runs" },
      el(
        "table",
        { class: isOne ? "matrix one" : "matrix" },
        el("thead", {}, ...drawHeads(report)),
        el("tbody", {}, ...rows),
      ),
    ),
  );
}

function drawCell(name: string, cell: PageCell | undefined, on: string): HTMLElement {
  if (cell === undefined) return el("td", { class: "cell" }, el("span", { class: "faint" }, "not run"));
  const label = `${name}: ${cell.verdict}${cell.reason === "" ? "" : `, ${cell.reason}`} (${on})`;
  return el(
    "td",
    { class: "cell" },
    el("a", { href: routeTo(name, null, cell.run), title: label }, badge(cell.verdict)),
  );
}

/** Kernels above QEMUs; one heading over runs of the same kernel that stand side by side. */
function drawHeads({ data: { runs } }: Report): HTMLElement[] {
  if (runs.length === 1) {
    return [el("tr", {}, ...["scenario", "verdict", "why", "time"].map((text) => el("th", { scope: "col" }, text)))];
  }
  const groups: { kernel: string; count: number }[] = [];
  for (const { kernel, bench } of runs) {
    const name = bench === "model" ? "reference emulator" : `Linux ${kernel}`;
    const last = groups.at(-1);
    if (last?.kernel === name) last.count += 1;
    else groups.push({ kernel: name, count: 1 });
  }
  return [
    el(
      "tr",
      {},
      el("th", { scope: "col", rowspan: 2 }, "scenario"),
      ...groups.map(({ kernel, count }) => el("th", { scope: "colgroup", colspan: count }, kernel)),
    ),
    el(
      "tr",
      {},
      ...runs.map(({ qemu, name, started }) =>
        el(
          "th",
          { scope: "col" },
          `QEMU ${qemu}`,
          el("span", { class: "summary" }, started === "" ? name : started.slice(0, 16).replace("T", " ")),
        ),
      ),
    ),
  ];
}
