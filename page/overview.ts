/** The first screen: what a run came to, what went wrong and in how many ways, and every scenario. */
import type { PageCell, PageFinding, PageLead, PageScenario, PageVerdict } from "../src/report/page-data.ts";
import { el } from "./dom.ts";
import { drawNights } from "./history.ts";
import { drawMatrix } from "./matrix.ts";
import { verdicts, type Report } from "./report.ts";
import { routeTo } from "./route.ts";
import { findScenarios, type Search } from "./search.ts";
import { badge, contrast, spellRun, spellSeconds, verdictWord } from "./words.ts";

/** Scenarios that a finding names. */
const namedScenarios = 6;

/** The first screen; `onSearch` is told what the reader asks for. */
export function drawOverview(report: Report, search: Search, onSearch: (search: Search) => void): HTMLElement {
  const { runs, findings, history } = report.data;
  return el(
    "div",
    { class: "overview" },
    el(
      "h1",
      { tabindex: -1 },
      runs.length === 1 ? "What came of the run" : `What came of ${String(runs.length)} runs`,
    ),
    el("div", { class: "runs" }, ...runs.map((_, run) => drawRun(report, run))),
    findings.length === 0 ? null : drawFindings(report, findings),
    drawUnanswered(report),
    history === null || history.nights.length === 0 ? null : drawNights(history),
    drawKnown(report),
    el(
      "section",
      { "aria-labelledby": "scenarios" },
      el("h2", { id: "scenarios" }, "Scenarios"),
      drawFilter(report, search, onSearch),
      drawMatrix(report, findScenarios(report, search)),
    ),
  );
}

function drawRun({ data }: Report, run: number): HTMLElement {
  const about = data.runs[run];
  const cells = data.cells.filter((cell) => cell.run === run);
  const counts = verdicts
    .map((verdict) => ({ verdict, count: cells.filter((cell) => cell.verdict === verdict).length }))
    .filter(({ count }) => count > 0);
  const bar = el("div", { class: "bar", "aria-hidden": "true" });
  for (const { verdict, count } of counts) {
    const part = el("span", { class: verdict });
    part.style.flexGrow = String(count);
    bar.append(part);
  }
  const when =
    about === undefined || about.started === ""
      ? ""
      : `${about.started.slice(0, 16).replace("T", " ")} UTC, ${spellSeconds(about.seconds)}`;
  return el(
    "section",
    { class: "run" },
    el("h2", {}, about === undefined ? "" : spellRun(about)),
    el(
      "p",
      { class: "counts" },
      ...counts.flatMap(({ verdict, count }) => [
        el("strong", { class: verdict }, `${String(count)} ${verdictWord(verdict)}`),
        " ",
      ]),
    ),
    bar,
    el("p", { class: "faint" }, [about?.name ?? "", when].filter(Boolean).join(" · ")),
  );
}

function drawFindings(report: Report, findings: readonly PageFinding[]): HTMLElement {
  const kinds = findings.length === 1 ? "one way" : `${String(findings.length)} ways`;
  return el(
    "section",
    { class: "findings", "aria-labelledby": "findings" },
    el("h2", { id: "findings" }, `What went wrong, in ${kinds}`),
    ...findings.map((finding) => drawFinding(report, finding)),
  );
}

function drawFinding(report: Report, finding: PageFinding): HTMLElement {
  const { operation, operations, meaning, cells, leads } = finding;
  const places = cells.flatMap((index) => report.at(index) ?? []);
  const [shortest] = places;
  const first = shortest?.cell.first ?? null;
  if (shortest === undefined || first === null) return el("article");
  const ground = report.data.grounds[operation];
  // A scenario that fails so in several runs is named once.
  const names = new Map(places.toReversed().map(({ scenario, cell }) => [scenario.name, cell.run]));
  const links = [...names].toReversed().map(([name, run]) => el("a", { href: routeTo(name, null, run) }, name));
  const rest = links.length - namedScenarios;
  const runs = [...new Set(places.map(({ cell }) => cell.run))].sort((one, other) => one - other);
  return el(
    "article",
    { class: "finding" },
    el(
      "h3",
      {},
      el(
        "a",
        { href: routeTo(shortest.scenario.name, first.step, shortest.cell.run) },
        el("code", {}, operations.join(", ")),
      ),
      ` in ${String(names.size)} scenario${names.size === 1 ? "" : "s"}`,
    ),
    el("p", { class: "meaning" }, meaning, "."),
    contrast(first),
    ...drawBesides(shortest.cell.besides),
    ...drawLeads(shortest.scenario, leads),
    ground === undefined
      ? null
      : el("p", { class: "ground" }, el("strong", {}, "What is expected stands on: "), ground),
    el(
      "p",
      { class: "where" },
      "Shortest first: ",
      ...links.slice(0, namedScenarios).flatMap((link, index) => [index === 0 ? "" : ", ", link]),
      rest > 0 ? ` and ${String(rest)} more` : "",
    ),
    report.data.runs.length > 1
      ? el("p", { class: "where faint" }, `On ${runs.map((run) => report.spellRun(run)).join("; ")}`)
      : null,
  );
}

/** What was done since the same was last as expected, and who of the kernel did it. */
function drawLeads({ name, summary }: PageScenario, leads: readonly PageLead[]): readonly HTMLElement[] {
  return [
    el("p", { class: "led" }, el("strong", {}, "What led there"), ` in ${name}: ${summary}`),
    el(
      "ol",
      { class: "leads" },
      ...leads.map(({ step, text, note, result, by }, index) => {
        const differs = index === leads.length - 1;
        return el(
          "li",
          { class: differs ? "differs" : null, value: step },
          el(
            "span",
            {},
            el("code", {}, text),
            " ",
            el("span", { class: result === "OK" ? "result" : "result odd" }, result),
            differs ? el("span", { class: "mark" }, " ≠") : null,
            note === null ? null : el("span", { class: "note" }, ` ${note}`),
          ),
          el("span", { class: "by" }, by),
        );
      }),
    ),
  ];
}

/** Scenarios without an answer: they say nothing of the kernel, and something of the machine. */
function drawUnanswered(report: Report): HTMLElement | null {
  const places = report.data.cells.flatMap(({ verdict }, index) =>
    verdict === "error" || verdict === "none" ? (report.at(index) ?? []) : [],
  );
  if (places.length === 0) return null;
  const rest = places.length - namedScenarios;
  return el(
    "section",
    { class: "unanswered", "aria-labelledby": "unanswered" },
    el(
      "h2",
      { id: "unanswered" },
      `No answer was had in ${String(places.length)} scenario${places.length === 1 ? "" : "s"}`,
    ),
    el(
      "ul",
      { class: "besides" },
      ...places
        .slice(0, namedScenarios)
        .map(({ scenario, cell }) =>
          el("li", {}, el("a", { href: routeTo(scenario.name, null, cell.run) }, scenario.name), `: ${cell.reason}`),
        ),
      rest > 0 ? el("li", {}, `and ${String(rest)} more`) : null,
    ),
  );
}

/** What else went otherwise in the same step: together they often say what happened. */
const drawBesides = (besides: PageCell["besides"]): readonly HTMLElement[] =>
  besides.length === 0
    ? []
    : [
        el("p", { class: "faint" }, "In the same step:"),
        el(
          "ul",
          { class: "besides" },
          ...besides.map(({ path, expected, observed }) =>
            el(
              "li",
              {},
              el("code", {}, path),
              " expected ",
              el("code", {}, expected),
              ", observed ",
              el("code", {}, observed),
            ),
          ),
        ),
      ];

/** The ledger's entries that showed, and how often. */
function drawKnown({ data }: Report): HTMLElement | null {
  const entries = Object.entries(data.ledger);
  if (entries.length === 0) return null;
  return el(
    "details",
    { class: "known-list" },
    el("summary", {}, `${String(entries.length)} known difference${entries.length === 1 ? "" : "s"} showed`),
    el(
      "dl",
      {},
      ...entries.flatMap(([name, { title, fault }]) => [
        el(
          "dt",
          {},
          el("code", {}, name),
          ` in ${String(data.cells.filter(({ known }) => known.includes(name)).length)}`,
        ),
        el("dd", {}, `${title} (at fault: ${fault})`),
      ]),
    ),
  );
}

function drawFilter(report: Report, search: Search, onSearch: (search: Search) => void): HTMLElement {
  const there = verdicts.filter((verdict) => report.data.cells.some((cell) => cell.verdict === verdict));
  const toggle = (verdict: PageVerdict): void => {
    const next = new Set(search.verdicts);
    if (!next.delete(verdict)) next.add(verdict);
    onSearch({ ...search, verdicts: next });
  };
  const input = el("input", {
    id: "search",
    type: "search",
    title: "Words of a scenario's name, summary, tags, operations, verdict, ledger entries or reason",
    autocomplete: "off",
    spellcheck: "false",
    value: search.words,
    oninput: (event) => {
      onSearch({ ...search, words: (event.target as HTMLInputElement).value });
    },
  });
  return el(
    "div",
    { class: "filter", role: "search" },
    el("label", { for: "search" }, "Search"),
    input,
    el(
      "div",
      { class: "chips", role: "group", "aria-label": "Only these verdicts" },
      ...there.map((verdict) =>
        el(
          "button",
          {
            type: "button",
            id: `only-${verdict}`,
            "aria-pressed": String(search.verdicts.has(verdict)),
            onclick: () => {
              toggle(verdict);
            },
          },
          badge(verdict),
        ),
      ),
    ),
  );
}
