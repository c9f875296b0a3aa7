/** Foreign text for a page: nothing in it that a reader could be misled by, and not more of it than anybody reads. */
import { escapeLine } from "../escape.ts";

/** Most of one text that a page shows, in characters. */
export const longestText = 600;

/** A text in one line, escaped, its loss counted. */
export function boundText(text: string, longest: number = longestText): string {
  // What is cut off is not escaped first: a line of megabytes costs nothing.
  const start = escapeLine(text.slice(0, longest));
  return text.length > longest ? `${start}… and ${text.length - longest} characters more` : start;
}

/** The first of some lines, escaped, the loss counted in a line of its own. */
export function boundLines(lines: readonly string[], most: number): readonly string[] {
  const shown = lines.slice(0, most).map((line) => boundText(line));
  return lines.length > most ? [...shown, `… and ${lines.length - most} lines more`] : shown;
}
