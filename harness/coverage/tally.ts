/** Counts of many scenarios as one: which of them reached a line, and how often it ran in all. */
import type { FileCounts } from "./gcov-json.ts";

/** Under this name stands what a machine does before any scenario. */
export const bootName = "(boot)";

/** A line with code. */
export interface LineTally {
  readonly line: number;
  readonly count: number;
  /** Names of the scenarios that reached it, in the order in which they ended. */
  readonly by: readonly string[];
}

/** A function. */
export interface FunctionTally {
  readonly name: string;
  readonly first: number;
  readonly last: number;
  readonly count: number;
}

/** A file, its lines and functions in order. */
export interface FileTally {
  readonly file: string;
  readonly lines: readonly LineTally[];
  readonly functions: readonly FunctionTally[];
}

interface Sum {
  count: number;
  readonly by: string[];
}

/** Adds counts up. */
export class Tally {
  readonly #files = new Map<string, { lines: Map<number, Sum>; functions: Map<string, FunctionTally> }>();

  add(scenario: string, file: string, counts: FileCounts): void {
    const sums = this.#files.get(file) ?? {
      lines: new Map<number, Sum>(),
      functions: new Map<string, FunctionTally>(),
    };
    this.#files.set(file, sums);
    for (const [line, count] of counts.lines) {
      const sum = sums.lines.get(line) ?? { count: 0, by: [] };
      sums.lines.set(line, sum);
      sum.count += count;
      if (count > 0 && sum.by.at(-1) !== scenario) sum.by.push(scenario);
    }
    for (const each of counts.functions) {
      const before = sums.functions.get(each.name)?.count ?? 0;
      sums.functions.set(each.name, { ...each, count: before + each.count });
    }
  }

  /** The files, in the order in which they came. */
  get files(): readonly FileTally[] {
    return [...this.#files].map(([file, { lines, functions }]) => ({
      file,
      lines: [...lines].sort(([a], [b]) => a - b).map(([line, { count, by }]) => ({ line, count, by: [...by] })),
      functions: [...functions.values()].sort((a, b) => a.first - b.first),
    }));
  }
}
