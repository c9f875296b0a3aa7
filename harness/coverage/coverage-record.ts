/** What a run of the suite reached of the kernel, as one record. */
import type { Verdict } from "../evidence/record.ts";
import { findGaps, type Gap } from "./gaps.ts";
import { explains, findStaleReasons, type Bars, type Reason } from "./reasons.ts";
import { bootName, type FileTally } from "./tally.ts";

/** How many of how many. */
export interface Share {
  readonly reached: number;
  readonly total: number;
}

/** Lines that nothing reached, and why. */
export interface ExplainedGap extends Gap {
  /** Null where nobody has said why. */
  readonly reason: string | null;
}

/** A file of the kernel. */
export interface FileCoverage {
  readonly file: string;
  readonly lines: Share;
  /** Lines that the boot of the machine reached, and no scenario. */
  readonly bootOnly: number;
  readonly functions: Share;
  /** Percentage of lines that is to be reached, null where none is set. */
  readonly bar: number | null;
  readonly gaps: readonly ExplainedGap[];
}

/** A run whose kernel counted. */
export interface CoverageRecord {
  readonly record: 1;
  readonly kernel: { readonly version: string; readonly digest: string };
  readonly verdicts: Readonly<Partial<Record<Verdict, number>>>;
  /** Scenarios of which it is not known what they reached. */
  readonly missed: readonly { readonly scenario: string; readonly why: string }[];
  readonly files: readonly FileCoverage[];
  /** Reasons for what is reached, or not there. */
  readonly stale: readonly Reason[];
  readonly seconds: number;
}

/** A file and its text. */
export interface CoveredSource {
  readonly tally: FileTally;
  readonly source: string;
}

/** What was reached of files, held against bars and reasons. */
export function describeFiles(
  sources: readonly CoveredSource[],
  bars: Bars,
  reasons: readonly Reason[],
): Pick<CoverageRecord, "files" | "stale"> {
  const files = sources.map(({ tally, source }): FileCoverage => {
    const { file, lines, functions } = tally;
    return {
      file,
      lines: { reached: lines.filter(({ count }) => count > 0).length, total: lines.length },
      bootOnly: lines.filter(({ by }) => by.length === 1 && by[0] === bootName).length,
      functions: { reached: functions.filter(({ count }) => count > 0).length, total: functions.length },
      bar: bars.get(file) ?? null,
      gaps: findGaps(tally, source).map((gap) => ({
        ...gap,
        reason: reasons.find((reason) => explains(reason, gap))?.reason ?? null,
      })),
    };
  });
  const gaps = files.flatMap((each) => each.gaps);
  return { files, stale: findStaleReasons(reasons, gaps) };
}

/** A share in percent; a whole where there is nothing. */
export const percentOf = ({ reached, total }: Share): number => (total === 0 ? 100 : (100 * reached) / total);

/** Whether less of a file is reached than is to be. */
export const isBelowBar = ({ lines, bar }: FileCoverage): boolean => bar !== null && percentOf(lines) < bar;

/** Lines that nothing reached, and nobody has said why. */
export const countUnexplained = ({ gaps }: FileCoverage): number =>
  gaps.filter(({ reason }) => reason === null).reduce((sum, { lines }) => sum + lines.length, 0);

/** Whether as much of every file is reached as is to be, and nothing is left out for no reason. */
export const holdsBars = ({ files, missed }: CoverageRecord): boolean =>
  missed.length === 0 && files.every((each) => !isBelowBar(each) && countUnexplained(each) === 0);
