/** Where the time of scenarios goes: medians by phase, in order. */
import type { Phases } from "../../src/target/target.ts";
import type { Breakdown } from "./benchmark-record.ts";
import type { Measurements, SideMeasurement } from "./measurements.ts";
import { medianOf } from "./spread.ts";

/** Phases in the order in which they come; `wait` is left out where what was waited for is there itself. */
const order = ["spawn", "load", "first answer", "boot", "plug", "wait", "operations", "verdict", "teardown"];

/** The breakdowns of everything that was measured. */
export function breakDown({ scenario, runs }: Measurements): readonly Breakdown[] {
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
  return found;
}

function breakDownSide(how: string, { scenario, bench, alone, phases, operations }: SideMeasurement): Breakdown {
  const known = medians(phases).filter(({ name }) => name !== "wait");
  const inGuest = medians(operations);
  const rest = medianOf(alone) - sum(known);
  return {
    what: `${scenario} alone ${how} (${bench})`,
    phases: [
      ...known.map((phase) => ({
        ...phase,
        inside: phase.name === "operations" ? withRest(inGuest, phase.milliseconds) : [],
      })),
      // Planning and the evidence.
      { name: "planning, evidence", milliseconds: Math.max(0, rest), inside: [] },
    ],
  };
}

/** What the guest says of its operations, and what is left of their time: observing, and the way there and back. */
function withRest(slices: readonly Slice[], milliseconds: number): Slice[] {
  const rest = Math.max(0, milliseconds - sum(slices));
  return [...slices, { name: "observing, there and back", milliseconds: rest }];
}

interface Slice {
  readonly name: string;
  readonly milliseconds: number;
}

const sum = (slices: readonly Slice[]): number => slices.reduce((total, { milliseconds }) => total + milliseconds, 0);

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
