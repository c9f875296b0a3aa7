/** Colours, where there is somebody to see them. */
import type { Verdict } from "../evidence/record.ts";

/** What a text is shown as. */
export type Shade = "good" | "bad" | "odd" | "faint" | "strong";

/** Wraps a text into what a terminal shows as a shade; hands it back as it is where there are no colours. */
export type Paint = (shade: Shade, text: string) => string;

const codes: Readonly<Record<Shade, readonly [number, number]>> = {
  good: [32, 39],
  bad: [31, 39],
  odd: [33, 39],
  faint: [2, 22],
  strong: [1, 22],
};

/** Colours by ANSI sequences. */
export const paintAnsi: Paint = (shade, text) => `\u001b[${codes[shade][0]}m${text}\u001b[${codes[shade][1]}m`;

/** No colours. */
export const paintPlain: Paint = (_, text) => text;

/** How each verdict is shown. */
export const verdictShade: Readonly<Record<Verdict, Shade>> = {
  pass: "good",
  fail: "bad",
  known: "odd",
  skip: "faint",
  error: "bad",
};
