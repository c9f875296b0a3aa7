import type { NightResult } from "./night-result.ts";

/** 1 where a scenario failed, even once; else 2 where there is no answer, of a scenario or a machine; else 0. */
export function exitCodeOfNight({ machines }: NightResult): 0 | 1 | 2 {
  const units = machines.flatMap((machine) => machine.units);
  if (units.some(({ attempts }) => attempts.includes("fail"))) return 1;
  const isWhole = machines.every(({ problem }) => problem === null) && units.length > 0;
  return isWhole && units.every(({ attempts }) => !attempts.includes("error")) ? 0 : 2;
}
