/**
 * What runs say about where a failure came or went: the probability of every commit, by Bayes' rule. That a kernel which has
 * the failure does not always show it is part of it: how often it does is not known beforehand and the same for all of them.
 */
import type { History } from "./history.ts";

/** What is searched. */
export interface Search {
  readonly history: History;
  /** Whether the end of the range shows the failure and its beginning does not, or the other way round. */
  readonly find: "bad" | "fix";
}

/** Runs of one kernel. */
export interface Tally {
  /** Those that showed the failure sought. */
  readonly seen: number;
  /** All that gave an answer. */
  readonly runs: number;
}

/** What is known of nodes, by their numbers. */
export interface Findings {
  /** Of nodes whose kernels are the same, the runs of all of them stand with one. */
  readonly tallies: ReadonlyMap<number, Tally>;
  /** Nodes whose kernels are the same, byte by byte: what came or went is not among what lies between them. */
  readonly alike: readonly (readonly number[])[];
  /** Nodes that no answer can be had of. */
  readonly untestable: ReadonlySet<number>;
}

/** How likely it is where the failure came or went: of each commit, then {@link Belief.before} and {@link Belief.never}. */
export interface Belief {
  readonly probabilities: Float64Array;
  /** How often a kernel that has the failure shows it, given each of these. */
  readonly rates: Float64Array;
  /** Index of: it had come, or gone, when the range began. */
  readonly before: number;
  /** Index of: it did not come, or go, up to the range's end. */
  readonly never: number;
}

/** Half of all failures are taken to be steady; of the others any rate is as likely as any. */
const steadyShare = 0.5;
/** Chance that even a steady failure does not show. */
const steadyMiss = 0.001;
/** Chance that a run shows the very failure sought on a kernel that does not have it. */
export const phantom = 0.001;
/** Chance that the user is wrong about an end. */
const wrongEnd = 0.05;
/** Weight left to a commit between two kernels that are the same. */
const alikeWeight = 1e-9;

/** Whether the kernel of a node has the failure, where it came or went with `hypothesis`. */
export function hasFailure({ history, find }: Search, node: number, hypothesis: number): boolean {
  const size = history.commits.length;
  const changed = hypothesis < size ? history.contains(node, hypothesis) : hypothesis === size;
  return changed === (find === "bad");
}

/** Weighs every commit by all that was found. */
export function weigh(search: Search, findings: Findings): Belief {
  const size = search.history.commits.length;
  const logs = new Float64Array(size + 2);
  const rates = new Float64Array(size + 2);
  for (let hypothesis = 0; hypothesis < size + 2; hypothesis++) {
    let seen = 0;
    let runs = 0;
    let log = Math.log(hypothesis < size ? (1 - 2 * wrongEnd) / size : wrongEnd);
    for (const [node, tally] of findings.tallies) {
      if (hasFailure(search, node, hypothesis)) {
        seen += tally.seen;
        runs += tally.runs;
      } else {
        log += tally.seen * Math.log(phantom) + (tally.runs - tally.seen) * Math.log1p(-phantom);
      }
    }
    for (const group of findings.alike) {
      const having = group.filter((node) => hasFailure(search, node, hypothesis)).length;
      if (having > 0 && having < group.length) log += Math.log(alikeWeight);
    }
    const likelihood = logOfTally(seen, runs);
    logs[hypothesis] = log + likelihood;
    rates[hypothesis] = Math.exp(logOfTally(seen + 1, runs + 1) - likelihood);
  }
  return { probabilities: normalise(logs), rates, before: size, never: size + 1 };
}

/** Logarithm of the chance that a failure of unknown rate shows in just these `seen` of so many runs. */
function logOfTally(seen: number, runs: number): number {
  const steady = Math.log(steadyShare) + seen * Math.log1p(-steadyMiss) + (runs - seen) * Math.log(steadyMiss);
  // The integral of rate^seen * (1 - rate)^(runs - seen) over all rates.
  const flaky = Math.log(1 - steadyShare) + logFactorial(seen) + logFactorial(runs - seen) - logFactorial(runs + 1);
  const larger = Math.max(steady, flaky);
  return larger + Math.log(Math.exp(steady - larger) + Math.exp(flaky - larger));
}

const logFactorials: number[] = [0];

function logFactorial(count: number): number {
  for (let next = logFactorials.length; next <= count; next++) {
    logFactorials.push((logFactorials[next - 1] ?? 0) + Math.log(next));
  }
  return logFactorials[count] ?? 0;
}

function normalise(logs: Float64Array): Float64Array {
  const largest = logs.reduce((a, b) => Math.max(a, b));
  const weights = logs.map((log) => Math.exp(log - largest));
  const total = weights.reduce((a, b) => a + b, 0);
  return weights.map((weight) => weight / total);
}
