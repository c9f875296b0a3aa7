/** What is said while assets are prepared; who listens decides how it is shown. */

/** Something that takes time and is worth a line. */
export type Progress =
  /** Something begins. */
  | { readonly kind: "step"; readonly text: string }
  /** Something was noticed that the reader may want to act on. */
  | { readonly kind: "note"; readonly text: string }
  /** A long task moves: `fraction` from 0 to 1, `elapsed` and `remaining` in milliseconds, null where unknown. */
  | {
      readonly kind: "advance";
      readonly task: string;
      readonly fraction: number;
      readonly elapsed: number;
      readonly remaining: number | null;
    };

/** Told of progress, in order. */
export type ReportProgress = (progress: Progress) => void;

/** Listens to nothing, for callers that show no progress. */
export const ignoreProgress: ReportProgress = () => undefined;
