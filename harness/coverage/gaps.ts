/** Gaps: lines next to each other that nothing reached, as far as they have code. */
import type { FileTally, FunctionTally } from "./tally.ts";

/** Lines of one function that nothing reached, with none between them that something did. */
export interface Gap {
  readonly file: string;
  /** Null where the lines are in none, as far as can be seen. */
  readonly function: string | null;
  /** Whether nothing reached the function at all. */
  readonly whole: boolean;
  /** Lines with code, in order. */
  readonly lines: readonly number[];
  /** What they read, without the space around. */
  readonly text: readonly string[];
}

/** The gaps of a file, in order; `source` is its text. */
export function findGaps({ file, lines, functions }: FileTally, source: string): readonly Gap[] {
  const texts = source.split("\n");
  const gaps: { owner: FunctionTally | null; lines: number[] }[] = [];
  let open: (typeof gaps)[number] | null = null;
  for (const { line, count } of lines) {
    const owner = ownerOf(functions, line);
    if (count > 0) open = null;
    else if (open !== null && open.owner === owner && (owner !== null || areTogether(texts, open.lines, line)))
      open.lines.push(line);
    else gaps.push((open = { owner, lines: [line] }));
  }
  return gaps.map(({ owner, lines: missed }) => ({
    file,
    function: owner?.name ?? findDefinition(texts, missed[0] ?? 0),
    whole: owner?.count === 0,
    lines: missed,
    text: missed.map((line) => (texts[line - 1] ?? "").trim()),
  }));
}

/** The innermost function that has a line. */
const ownerOf = (functions: readonly FunctionTally[], line: number): FunctionTally | null =>
  functions.findLast(({ first, last }) => first <= line && line <= last) ?? null;

/** Whether lines of which gcov names no function are in the same one. */
const areTogether = (texts: readonly string[], lines: readonly number[], line: number): boolean =>
  findDefinition(texts, lines[0] ?? 0) === findDefinition(texts, line);

/** A function of which nothing but copies in others are left is none to gcov: its definition begins in the first column. */
function findDefinition(texts: readonly string[], line: number): string | null {
  for (let index = line - 1; index >= 0; index--) {
    const found = /^[a-z][^;=]*?\b(\w+)\((?!.*;$)/.exec(texts[index] ?? "");
    if (found?.[1] !== undefined) return found[1];
  }
  return null;
}
