/** Where a person reads: lines that stay, and on a terminal one line at the bottom that changes. */
import { paintAnsi, paintPlain, type Paint } from "./paint.ts";

/** A stream that text is written to. */
export interface Output {
  write(text: string): void;
  readonly isTerminal: boolean;
  /** Columns of the terminal, null where unknown. */
  readonly columns: number | null;
}

/** A place for people to read. */
export interface Screen {
  readonly paint: Paint;
  /** Columns there are; 100 where nobody says. */
  readonly width: number;
  /** Writes a line that stays. */
  readonly print: (line?: string) => void;
  /** Shows a line that the next one replaces; does nothing where it cannot be taken back. */
  readonly status: (line: string | null) => void;
}

const defaultWidth = 100;
const narrowest = 20;

/** A screen on an output. */
export function createScreen(output: Output, colours: boolean): Screen {
  let shown = false;
  const clear = (): void => {
    if (shown) output.write("\r\u001b[2K");
    shown = false;
  };
  const width = (): number => Math.max(narrowest, output.columns ?? defaultWidth);
  return {
    paint: colours ? paintAnsi : paintPlain,
    get width() {
      return width();
    },
    print: (line = "") => {
      clear();
      output.write(`${line}\n`);
    },
    status: (line) => {
      if (!output.isTerminal) return;
      clear();
      if (line === null) return;
      // A line that wraps could not be taken back.
      output.write(shorten(line, width() - 1));
      shown = true;
    },
  };
}

/** Whether colours are wanted: on a terminal, unless NO_COLOR is set or the user said no; FORCE_COLOR wins over a pipe. */
export function wantsColours(
  output: Output,
  environment: Readonly<Record<string, string | undefined>>,
  option: boolean,
): boolean {
  if (!option || isSet(environment["NO_COLOR"])) return false;
  if (isSet(environment["FORCE_COLOR"]) && environment["FORCE_COLOR"] !== "0") return true;
  return output.isTerminal && environment["TERM"] !== "dumb";
}

/**
 * Columns for people: what COLUMNS says, else what the terminal says of itself; null where neither does. One without a size
 * says 0 of itself.
 */
export function wantedColumns(
  told: number | undefined,
  environment: Readonly<Record<string, string | undefined>>,
): number | null {
  const wanted = Number(environment["COLUMNS"]);
  if (Number.isInteger(wanted) && wanted > 0) return wanted;
  return told === undefined || told === 0 ? null : told;
}

const isSet = (value: string | undefined): boolean => value !== undefined && value !== "";

/** A text of at most `width` columns, its loss marked. */
export function shorten(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, Math.max(0, width - 1))}…`;
}
