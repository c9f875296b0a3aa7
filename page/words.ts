/** Small things that several parts of the page show. */
import type { PageDifference, PageRun, PageVerdict } from "../src/report/page-data.ts";
import { el } from "./dom.ts";

/** What a verdict is called. */
export const verdictWord = (verdict: PageVerdict | "stale"): string => (verdict === "none" ? "no verdict" : verdict);

/** A verdict in its colour, and in words. */
export const badge = (verdict: PageVerdict | "stale"): HTMLElement =>
  el("span", { class: `badge ${verdict}` }, verdictWord(verdict));

/** Seconds for people. */
export function spellSeconds(seconds: number): string {
  if (seconds < 10) return `${seconds.toFixed(2)} s`;
  if (seconds < 100) return `${seconds.toFixed(1)} s`;
  return `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
}

/** What a run was made on. */
export const spellRun = ({ bench, kernel, qemu }: PageRun): string =>
  bench === "model" ? "the reference emulator" : `Linux ${kernel} on QEMU ${qemu}`;

/** Expectation above observation, for eyes that go down. */
export const contrast = ({ path, expected, observed, contract }: PageDifference): HTMLElement =>
  el(
    "dl",
    { class: "contrast" },
    el("dt", {}, "where"),
    el("dd", {}, el("code", {}, path)),
    el("dt", {}, "expected"),
    el("dd", { class: "expected" }, el("code", {}, expected)),
    el("dt", {}, "observed"),
    el("dd", { class: "observed" }, el("code", {}, observed)),
    ...(contract === null
      ? []
      : [
          el("dt", {}, "contract"),
          el("dd", {}, el("code", {}, contract), ", from which this kernel or QEMU is known to deviate"),
        ]),
  );
