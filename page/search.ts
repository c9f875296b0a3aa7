/** What of the scenarios is shown. */
import type { PageVerdict } from "../src/report/page-data.ts";
import type { Report } from "./report.ts";

/** What the reader looks for. */
export interface Search {
  readonly words: string;
  /** Verdicts that are shown; all where empty. */
  readonly verdicts: ReadonlySet<PageVerdict>;
}

/** Indices of the scenarios that have every word somewhere, and one of the verdicts in some run. */
export function findScenarios({ data }: Report, { words, verdicts }: Search): readonly number[] {
  const wanted = words.toLowerCase().split(/\s+/u).filter(Boolean);
  const texts = data.scenarios.map(({ name, summary, tags, operations }) =>
    [name, summary, ...tags, ...operations].join(" ").toLowerCase(),
  );
  const found = data.scenarios.map(() => verdicts.size === 0);
  for (const { scenario, verdict, reason, known } of data.cells) {
    if (verdicts.has(verdict)) found[scenario] = true;
    texts[scenario] = `${texts[scenario] ?? ""} ${[reason, ...known, verdict].join(" ").toLowerCase()}`;
  }
  return data.scenarios.flatMap((_, index) => {
    const text = texts[index] ?? "";
    return found[index] === true && wanted.every((word) => text.includes(word)) ? [index] : [];
  });
}
