/** Where the time of scenarios goes: medians by phase, in order. */
import type { Phases } from "../../src/target/target.ts";
import type { Breakdown } from "./benchmark-record.ts";
import type { Measurements, SideMeasurement } from "./measurements.ts";
import { medianOf } from "./spread.ts";

/** Phases in the order in which they come; `wait` is left out where what was waited for is there itself. */
const order = [
  ...["spawn", "load", "first answer", "boot", "ssh", "host's agent", "guest's first answer"],
  ...["plug", "wait", "operations", "verdict", "teardown"],
];

/** The breakdowns of everything that was measured. */
export function breakDown({ scenario, runs, passthrough }: Measurements): readonly Breakdown[] {
  const found: Breakdown[] = [];
  if (scenario !== undefined && "found" in scenario) {
    for (const [how, side] of [
      ["on a clone", scenario.found.clone],
      ["by a cold boot", scenario.found.cold],
      ["by a cold boot", scenario.found.debianCold],
    ] as const) {
      if ("found" in side) found.push(breakDownSide(how, side.found));
    }
  }
  if (runs !== undefined && "found" in runs) {
    for (const run of runs.found.growing.slice(-1)) {
      const what = `One of ${run.scenarios.toLocaleString("en")} on a clone, -j ${run.jobs}; up to "plug" while the one before works`;
      found.push({ what, phases: medians(run.phases).map((phase) => ({ ...phase, inside: [] })) });
    }
  }
  if (passthrough !== undefined && "found" in passthrough) {
    for (const { clones } of passthrough.found) found.push(breakDownSide("on a clone", clones));
  }
  return found;
}

function breakDownSide(how: string, { scenario, bench, alone, phases, operations }: SideMeasurement): Breakdown {
  // What nobody timed is told apart sample by sample: medians do not add up.
  const whole = phases.map(({ wait: _, ...rest }, index) => ({
    ...rest,
    // Planning and the evidence.
    [outside]: Math.max(0, (alone[index] ?? 0) - sum(rest)),
  }));
  const inGuest = operations.map((times, index) => ({
    ...times,
    // The answer's way, and looking at what each operation changed.
    [around]: Math.max(0, (phases[index]?.["operations"] ?? 0) - sum(times)),
  }));
  return {
    what: `${scenario} alone ${how} (${bench})`,
    phases: medians(whole).map((phase) => ({
      ...phase,
      inside: phase.name === "operations" ? [...medians(inGuest)] : [],
    })),
  };
}

const outside = "planning, evidence";
const around = "observing, there and back";

interface Slice {
  readonly name: string;
  readonly milliseconds: number;
}

const sum = (phases: Phases): number =>
  Object.values(phases).reduce((total, milliseconds) => total + milliseconds, 0);

/** Median of each phase, in the order of the phases, others as they first came. */
function medians(samples: readonly Phases[]): readonly Slice[] {
  const names = [...new Set(samples.flatMap((phases) => Object.keys(phases)))];
  const rank = (name: string): number => (order.includes(name) ? order.indexOf(name) : order.length);
  return names
    .map((name) => {
      const milliseconds = medianOf(samples.map((phases) => phases[name] ?? 0));
      return { name, milliseconds };
    })
    .sort((one, other) => rank(one.name) - rank(other.name));
}
