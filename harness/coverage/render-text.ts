/** What was reached, for people on a terminal. */
import { escapeLine } from "../report/escape.ts";
import type { Paint } from "../report/paint.ts";
import {
  countUnexplained,
  isBelowBar,
  percentOf,
  type CoverageRecord,
  type FileCoverage,
  type Share,
} from "./coverage-record.ts";

/** A table of the files. */
export function renderFiles(files: readonly FileCoverage[], paint: Paint): readonly string[] {
  const width = Math.max(...files.map(({ file }) => file.length));
  const head = `${"file".padEnd(width)}   lines              functions          bar     unexplained`;
  return [paint("strong", head), ...files.map((each) => renderFile(each, width, paint))];
}

function renderFile(each: FileCoverage, width: number, paint: Paint): string {
  const { file, lines, functions, bar } = each;
  const below = isBelowBar(each);
  const share = spellShare(lines).padEnd(18);
  return [
    file.padEnd(width),
    ` ${below ? paint("bad", share) : share}`,
    spellShare(functions).padEnd(18),
    (bar === null ? "" : `${bar} %`).padEnd(7),
    String(countUnexplained(each)),
  ].join(" ");
}

/** Lines that nothing reached and nobody has a reason for; with a reason as well where all are wanted. */
export function renderGaps(files: readonly FileCoverage[], all: boolean, paint: Paint): readonly string[] {
  return files.flatMap(({ file, gaps }) => {
    const shown = gaps.filter(({ reason }) => all || reason === null);
    if (shown.length === 0) return [];
    return [
      "",
      paint("strong", file),
      ...shown.flatMap(({ function: name, whole, lines, text, reason }) => [
        `  ${spellRange(lines).padEnd(10)} ${name ?? "?"}${whole ? " (never called)" : `: ${escapeLine(text[0] ?? "")}`}`,
        ...(reason === null ? [] : [paint("faint", `             ${reason}`)]),
      ]),
    ];
  });
}

/** What spoils the figures. */
export function renderDoubts({ missed, stale }: CoverageRecord): readonly string[] {
  return [
    ...missed.map(({ scenario, why }) => `not counted: ${scenario}: ${escapeLine(why)}`),
    ...stale.map(
      ({ file, functions, lines }) =>
        `no longer needed: the reason for ${file}, ${functions.join(", ")}${lines === undefined ? "" : `: ${lines.join(" | ")}`}`,
    ),
  ];
}

/** `253/377  67.1 %` */
export const spellShare = (share: Share): string =>
  `${String(share.reached)}/${String(share.total)}`.padEnd(10) + `${percentOf(share).toFixed(1).padStart(5)} %`;

/** `12` or `12-15` */
export const spellRange = (lines: readonly number[]): string =>
  lines.length < 2 ? String(lines[0] ?? "") : `${String(lines[0])}-${String(lines.at(-1))}`;
