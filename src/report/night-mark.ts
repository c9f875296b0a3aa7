/** A scenario's result in a night, as one character: rows of them are a history. */

/** What each mark stands for. */
export const nightMarks = {
  ".": "pass",
  k: "known",
  "~": "flaky",
  F: "fail",
  E: "error",
  s: "skip",
  " ": "not run",
} as const;

/** One character of a history. */
export type NightMark = keyof typeof nightMarks;

/** The mark of a result; `flaky` where its attempts gave different answers. */
export const markOf = (result: (typeof nightMarks)[NightMark]): NightMark =>
  (Object.keys(nightMarks) as NightMark[]).find((mark) => nightMarks[mark] === result) ?? " ";
