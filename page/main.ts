/** The page of a report: reads its data, and shows the place that the address names. */
import { byId, el } from "./dom.ts";
import { keyHelp, listenToKeys } from "./keys.ts";
import { drawOverview } from "./overview.ts";
import { Report, verdicts, type Place } from "./report.ts";
import { readRoute, routeTo } from "./route.ts";
import { drawScenario, type ScenarioView } from "./scenario.ts";
import { findScenarios, type Search } from "./search.ts";
import { offerThemes } from "./theme.ts";

const report = Report.read();
const main = byId("main");
const help = byId("help") as HTMLDialogElement;
let search: Search = { words: "", verdicts: new Set() };
let shown: { readonly place: Place; readonly view: ScenarioView } | null = null;

/** The run of a scenario that is worth most attention. */
const gravest = (places: readonly Place[]): Place | undefined =>
  [...places].sort((one, other) => verdicts.indexOf(one.cell.verdict) - verdicts.indexOf(other.cell.verdict))[0];

async function show(): Promise<void> {
  const route = readRoute(location.hash);
  const places = route.scenario === null ? [] : report.placesOf(route.scenario);
  const place = places.find(({ cell }) => cell.run === route.run) ?? gravest(places);
  if (place === undefined) {
    shown = null;
    showOverview();
    if (route.scenario !== null)
      main.prepend(el("p", { class: "nothing", role: "alert" }, `No scenario "${route.scenario}" in this report.`));
    return;
  }
  if (shown?.place.index !== place.index) {
    const view = await drawScenario(report, place, (step) => {
      history.replaceState(null, "", routeTo(place.scenario.name, step, place.cell.run));
    });
    shown = { place, view };
    main.replaceChildren(view.element);
    byId("place").textContent = place.scenario.name;
    document.title = `${place.scenario.name} · ${place.cell.verdict} · zhil report`;
    main.querySelector("h1")?.focus({ preventScroll: true });
    scrollTo(0, 0);
  }
  shown.view.show(route.step);
}

function showOverview(): void {
  document.title = "zhil report";
  byId("place").textContent = "";
  main.replaceChildren(drawOverview(report, search, changeSearch));
}

/** Draws the first screen anew, and leaves the reader where they were. */
function changeSearch(next: Search): void {
  search = next;
  const active = document.activeElement;
  const id = active?.id ?? "";
  const cursor = active instanceof HTMLInputElement ? active.selectionStart : null;
  const top = scrollY;
  showOverview();
  const again = id === "" ? null : document.getElementById(id);
  again?.focus({ preventScroll: true });
  if (again instanceof HTMLInputElement && cursor !== null) again.setSelectionRange(cursor, cursor);
  scrollTo({ top, behavior: "instant" });
}

/** Goes along the rows of the list by the links in them. */
function moveInList(by: 1 | -1, odd: boolean): void {
  const links = [...main.querySelectorAll<HTMLAnchorElement>("tbody th a")].filter(
    (link) => !odd || link.closest("tr")?.querySelector(".badge:not(.pass)"),
  );
  const at = links.findIndex((link) => link === document.activeElement);
  links[at < 0 ? (by === 1 ? 0 : links.length - 1) : at + by]?.focus();
}

function moveScenario(by: 1 | -1): void {
  const rows = findScenarios(report, search);
  const at = shown === null ? -1 : rows.indexOf(shown.place.cell.scenario);
  const name = report.data.scenarios[rows[at + by] ?? -1]?.name;
  if (name !== undefined) location.hash = routeTo(name, null, shown?.place.cell.run ?? null);
}

offerThemes(byId("theme"));
byId("skip").addEventListener("click", (event) => {
  event.preventDefault();
  main.focus();
});
byId("keys").replaceChildren(
  ...keyHelp.flatMap(([keys, what]) => [el("dt", {}, el("kbd", {}, keys)), el("dd", {}, what)]),
);
byId("ask").addEventListener("click", () => {
  help.showModal();
});
byId("leave").addEventListener("click", () => {
  help.close();
});
listenToKeys({
  search: () => {
    if (shown !== null) {
      location.hash = "";
      shown = null;
      showOverview();
    }
    byId("search").focus();
  },
  home: () => {
    location.hash = "";
  },
  step: (by) => {
    if (shown === null) moveInList(by, false);
    else shown.view.move(by, false);
  },
  difference: (by) => {
    if (shown === null) moveInList(by, true);
    else shown.view.move(by, true);
  },
  scenario: moveScenario,
  help: () => {
    help.showModal();
  },
});
window.addEventListener("hashchange", () => void show());
await show();
document.body.dataset["ready"] = "yes";
