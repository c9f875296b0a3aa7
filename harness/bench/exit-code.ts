import type { Figure } from "./benchmark-record.ts";

/**
 * The exit code of a benchmark: 1 where a figure misses its bar and that was asked, else 2 where one could not be
 * measured, else 0.
 */
export function benchmarkExitCode(figures: readonly Figure[], check: boolean): 0 | 1 | 2 {
  if (check && figures.some(({ state }) => state === "missed")) return 1;
  return figures.length === 0 || figures.some(({ state }) => state === "unmeasured") ? 2 : 0;
}
