/** What a search does next: the run that tells most for its time, or nothing more. */
import { hasFailure, phantom, weigh, type Belief, type Findings, type Search, type Tally } from "./belief.ts";

/** What choices are made by. */
export interface ChoiceOptions {
  /** How sure the answer must be, between 0 and 1. */
  readonly confidence: number;
  /** Runs of the end that has the failure within which it must show. */
  readonly tries: number;
  /** Seconds that a kernel takes to build, and a run. */
  readonly cost: { readonly build: number; readonly run: number };
  /** Whether a node's kernel is there. */
  readonly isBuilt: (node: number) => boolean;
}

/** What to do next. */
export type Choice =
  | {
      readonly kind: "run";
      readonly node: number;
      /** Seconds that are left, this run included; null where nothing can be said yet. */
      readonly remaining: number | null;
    }
  /** The failure did not show where it should. */
  | { readonly kind: "unseen"; readonly node: number }
  | Answer;

/** Where it came or went. */
export interface Answer {
  readonly kind: "answer";
  /** The likeliest first; more than one where those between cannot be tested. */
  readonly commits: readonly number[];
  /** Whether it may have come or gone before the range. */
  readonly before: boolean;
  /** Whether it may not have come or gone at all. */
  readonly never: boolean;
  /** Probability that it is one of these. */
  readonly confidence: number;
}

/** Runs of the end that has the failure before any other: whether it is steady decides all that follows. */
const firstRuns = 6;
/** How often it must have shown there. */
const firstSeen = 3;
/** What is less likely plays no part in a choice. */
const negligible = 1e-9;
/** Bits of information below which a run does not tell apart what is left. */
const leastGain = 1e-3;
/** Chance that the neighbour of an untestable node is untestable as well. */
const contagion = 0.9;

/** Chooses what to do next. */
export function chooseNext(search: Search, findings: Findings, options: ChoiceOptions): Choice {
  const { base, commits } = search.history;
  const sick = search.find === "bad" ? commits.length - 1 : base;
  const tally = findings.tallies.get(representativeOf(findings, sick)) ?? { seen: 0, runs: 0 };
  if (findings.untestable.has(sick) || (tally.seen === 0 && tally.runs >= options.tries))
    return { kind: "unseen", node: sick };
  if (!isKnown(tally)) return { kind: "run", node: sick, remaining: null };
  const belief = weigh(search, findings);
  const answer = answerOf(belief, options.confidence);
  const nodes = listTestable(search, findings);
  const best = findBest(search, findings, belief, nodes, options);
  if (best === null || !canBeSplit(search, belief, answer, nodes)) return answer;
  const left = Math.max(0, entropyOf(belief.probabilities) - largestEntropy(options.confidence));
  return { kind: "run", node: best.node, remaining: Math.max(best.seconds, (left / best.gain) * best.seconds) };
}

/** Whether something is known of how often the failure shows. */
const isKnown = ({ seen, runs }: Tally): boolean => runs >= firstRuns && seen >= Math.min(runs, firstSeen);

/** The node that the runs of one with the same kernel stand with. */
export function representativeOf({ alike }: Pick<Findings, "alike">, node: number): number {
  return alike.find((group) => group.includes(node))?.[0] ?? node;
}

function answerOf({ probabilities, before, never }: Belief, confidence: number): Answer {
  const order = [...probabilities.keys()].sort((a, b) => (probabilities[b] ?? 0) - (probabilities[a] ?? 0));
  const chosen: number[] = [];
  let sum = 0;
  for (const index of order) {
    chosen.push(index);
    sum += probabilities[index] ?? 0;
    if (sum >= confidence) break;
  }
  return {
    kind: "answer",
    commits: chosen.filter((index) => index < before),
    before: chosen.includes(before),
    never: chosen.includes(never),
    confidence: Math.min(sum, 1),
  };
}

/** Nodes that a run can be of, each kernel once. */
function listTestable({ history }: Search, findings: Findings): readonly number[] {
  const nodes = [...history.commits.keys(), history.base];
  return nodes.filter((node) => !findings.untestable.has(node) && representativeOf(findings, node) === node);
}

interface Candidate {
  readonly node: number;
  readonly gain: number;
  readonly seconds: number;
}

function findBest(
  search: Search,
  findings: Findings,
  belief: Belief,
  nodes: readonly number[],
  { cost, isBuilt }: ChoiceOptions,
): Candidate | null {
  const measure = measureGains(search, belief, listLikely(belief.probabilities));
  let best: (Candidate & { readonly value: number }) | null = null;
  for (const node of nodes) {
    const gain = measure(node);
    const seconds = cost.run + (isBuilt(node) ? 0 : cost.build);
    const value = (gain * (isBuilt(node) ? 1 : chanceOfAnswer(search, findings, node))) / seconds;
    if (gain > 0 && (best === null || value > best.value)) best = { node, gain, seconds, value };
  }
  return best;
}

/** Whether some run could still tell apart what an answer leaves open. */
function canBeSplit(search: Search, belief: Belief, answer: Answer, nodes: readonly number[]): boolean {
  const { before, never } = belief;
  const open = [...answer.commits, ...(answer.before ? [before] : []), ...(answer.never ? [never] : [])];
  if (open.length < 2) return false;
  const probabilities = belief.probabilities.map((each, index) =>
    open.includes(index) ? each / answer.confidence : 0,
  );
  const measure = measureGains(search, { ...belief, probabilities }, open);
  return nodes.some((node) => measure(node) >= leastGain);
}

/** Measures how many bits a run of a node is expected to tell: mutual information of its outcome and what is looked for. */
function measureGains(search: Search, belief: Belief, likely: readonly number[]): (node: number) => number {
  const { probabilities, rates } = belief;
  const noise = binaryEntropy(phantom);
  return (node) => {
    let shows = 0;
    let known = 0;
    for (const hypothesis of likely) {
      const probability = probabilities[hypothesis] ?? 0;
      const rate = hasFailure(search, node, hypothesis) ? (rates[hypothesis] ?? 0) : phantom;
      shows += probability * rate;
      known += probability * (rate === phantom ? noise : binaryEntropy(rate));
    }
    return binaryEntropy(shows) - known;
  };
}

const listLikely = (probabilities: Float64Array): readonly number[] =>
  [...probabilities.keys()].filter((index) => (probabilities[index] ?? 0) > negligible);

/**
 * Chance that a node can be tested at all, by the untestable ones near it: what breaks a build mostly stays broken for a
 * while. The more of them there are with none that could be tested between, the farther the next is looked for.
 */
function chanceOfAnswer({ history }: Search, findings: Findings, node: number): number {
  if (node === history.base) return 1;
  let worst = 0;
  for (const step of [-1, 1]) {
    let first: number | null = null;
    let count = 0;
    for (let other = node + step; other >= 0 && other < history.commits.length; other += step) {
      if (findings.tallies.has(other)) break;
      if (!findings.untestable.has(other)) continue;
      first ??= Math.abs(other - node);
      count++;
    }
    if (first !== null) worst = Math.max(worst, contagion * 2 ** (-(first - 1) / count));
  }
  return 1 - worst;
}

function binaryEntropy(chance: number): number {
  if (chance <= 0 || chance >= 1) return 0;
  return -(chance * Math.log2(chance) + (1 - chance) * Math.log2(1 - chance));
}

const entropyOf = (probabilities: Float64Array): number =>
  probabilities.reduce((sum, each) => (each > 0 ? sum - each * Math.log2(each) : sum), 0);

/** Bits that may be left open where an answer is as sure as that. */
const largestEntropy = (confidence: number): number => binaryEntropy(confidence);
