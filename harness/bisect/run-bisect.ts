/** A bisection: choose, build, run, weigh, until it is sure enough. */
import { join } from "node:path";
import type { Search } from "../../src/bisect/belief.ts";
import { chooseNext, type Answer, type Choice } from "../../src/bisect/choose-next.ts";
import { findSignature, recognise, spellSignature, type Sight } from "../../src/bisect/signature.ts";
import { firstError } from "../errors/describe-error.ts";
import { InfrastructureError } from "../errors/harness-error.ts";
import type { ScenarioRecord } from "../evidence/record.ts";
import { KernelBuildError } from "../kernel/build-kernel.ts";
import { escapeLines } from "../report/escape.ts";
import { findingsOf, saveState, type BisectEvent, type BisectState } from "./bisect-state.ts";
import type { BisectWorld } from "./bisect-world.ts";
import { historyOf } from "./range.ts";
import { sayWhy, tryKernel } from "./try-kernel.ts";
import { shortId } from "./short-id.ts";

/** How a bisection is run. */
export interface BisectOptions {
  /** Folder of the state and of the evidence. */
  readonly folder: string;
  readonly confidence: number;
  /** Runs of the end that fails within which it must fail. */
  readonly tries: number;
  readonly onProgress: (progress: BisectProgress) => void;
}

/** What is told as a bisection goes on. */
export type BisectProgress =
  | { readonly kind: "begin"; readonly commit: string; readonly remaining: number | null }
  | { readonly kind: "event"; readonly event: BisectEvent; readonly alike: string | null }
  | { readonly kind: "signature"; readonly text: string; readonly others: readonly string[] };

/** How a bisection ended. */
export interface BisectResult {
  readonly state: BisectState;
  readonly answer: Answer | Extract<Choice, { kind: "unseen" }>;
}

/** Runs after which a commit whose outcome is unclear is left alone. */
const patience = 3;
/** Seconds that a build and a run are taken to need before any was seen. */
const firstCost = { build: 40, run: 4 } as const;

/**
 * Bisects from what a state has, and keeps on disk what is found, run by run.
 * @throws {HarnessError} where something other than a commit is at fault; the signal's reason where it is aborted
 */
export async function runBisect(
  begun: BisectState,
  world: BisectWorld,
  options: BisectOptions,
): Promise<BisectResult> {
  let state = begun;
  const search: Search = { history: historyOf(state), find: state.request.find };
  const add = async (event: BisectEvent, signature = state.signature): Promise<void> => {
    state = { ...state, signature, events: [...state.events, event] };
    await saveState(options.folder, state);
    options.onProgress({ kind: "event", event, alike: findAlike(state, event) });
  };
  await saveState(options.folder, state);
  for (;;) {
    world.signal.throwIfAborted();
    const findings = findingsOf(state);
    const choice = chooseNext(search, findings, {
      confidence: options.confidence,
      tries: options.tries,
      cost: costOf(state.events),
      isBuilt: (node) => findBuilt(state, nameOf(state, node)) !== null,
    });
    if (choice.kind !== "run") return { state, answer: choice };
    const commit = nameOf(state, choice.node);
    options.onProgress({ kind: "begin", commit, remaining: choice.remaining });
    const built = findBuilt(state, commit);
    await (built === null ? buildOne(commit, state, world, add) : runOne(built, state, world, options, add));
  }
}

type Add = (event: BisectEvent, signature?: BisectState["signature"]) => Promise<void>;
type Built = Extract<BisectEvent, { kind: "built" }>;

/** The kernel that was had of a commit, or null. */
export const findBuilt = ({ events }: Pick<BisectState, "events">, commit: string): Built | null =>
  events.find((event): event is Built => event.kind === "built" && event.commit === commit) ?? null;

async function buildOne(commit: string, { request }: BisectState, world: BisectWorld, add: Add): Promise<void> {
  const begin = performance.now();
  const place = (): { commit: string; at: string; seconds: number } => ({
    commit,
    at: new Date().toISOString(),
    seconds: (performance.now() - begin) / 1000,
  });
  const { repository, flavour } = request;
  const { report, signal } = world;
  try {
    const { kernel } = await world.buildCommit(repository, commit, { flavour, report, signal });
    await add({ kind: "built", ...place(), digest: kernel.digest, image: kernel.image });
  } catch (error) {
    const first = firstError(error);
    if (!(first instanceof KernelBuildError)) throw error;
    await add({ kind: "untestable", ...place(), why: "build", reason: first.what });
  }
}

async function runOne(
  { commit, image }: Built,
  state: BisectState,
  world: BisectWorld,
  { folder, onProgress }: BisectOptions,
  add: Add,
): Promise<void> {
  const begin = performance.now();
  const place = (): { commit: string; at: string; seconds: number } => ({
    commit,
    at: new Date().toISOString(),
    seconds: (performance.now() - begin) / 1000,
  });
  const evidence = join(folder, "commits", shortId(commit).replace("/", "-"));
  let last: Extract<BisectEvent, { kind: "untestable" }> | null = null;
  for (let attempt = 0; attempt < patience; attempt++) {
    const { record, dead } = await tryKernel(world, image, evidence);
    const signature = state.signature ?? findSignature(record);
    const sight: Sight = signature === null ? sightWithout(record) : recognise(signature, record);
    if (sight !== "unclear") {
      if (state.signature === null && signature !== null) {
        const text = spellSignature(signature);
        onProgress({ kind: "signature", text, others: listOthers(record, text) });
      }
      const { verdict, evidence } = record;
      await add({ kind: "run", ...place(), sight, verdict, reason: sayWhy(signature, record), evidence }, signature);
      return;
    }
    last = { kind: "untestable", ...place(), ...explain(record, dead) };
    // What is missing is missing the next time as well.
    if (record.verdict === "skip") break;
  }
  if (last !== null) await add(last);
}

/** Before anything was seen, nothing but a run that went well is absent. */
const sightWithout = ({ verdict }: ScenarioRecord): Sight =>
  verdict === "pass" || verdict === "known" ? "absent" : "unclear";

type Untestable = Extract<BisectEvent, { kind: "untestable" }>;

function explain(record: ScenarioRecord, dead: string | null): Pick<Untestable, "why" | "reason"> {
  const reason = record.reason ?? "No answer";
  if (dead !== null) return { why: "boot", reason: `The kernel does not come up: ${dead}` };
  if (record.verdict === "fail") return { why: "scenario", reason: `Fails otherwise: ${reason}` };
  return { why: record.verdict === "error" ? "error" : "scenario", reason };
}

/** Other failures of the run that the one sought was taken from. */
function listOthers(record: ScenarioRecord, sought: string): readonly string[] {
  const each = record.differences.flatMap((difference) => {
    const signature = findSignature({ differences: [difference] });
    return signature === null ? [] : [spellSignature(signature)];
  });
  return [...new Set(each)].filter((text) => text !== sought).flatMap(escapeLines);
}

const nameOf = ({ request, commits }: BisectState, node: number): string => commits[node]?.id ?? request.base;

/** The commit whose kernel was the same, of one that was just built. */
function findAlike({ events }: BisectState, event: BisectEvent): string | null {
  if (event.kind !== "built") return null;
  const same = events.find(
    (other) => other.kind === "built" && other.digest === event.digest && other.commit !== event.commit,
  );
  return same?.commit ?? null;
}

/** Seconds a build and a run are likely to take: the median of those there were; the first build is of everything. */
function costOf(events: readonly BisectEvent[]): { readonly build: number; readonly run: number } {
  const builds = events.filter(({ kind }) => kind === "built").map(({ seconds }) => seconds);
  const runs = events.filter(({ kind }) => kind === "run").map(({ seconds }) => seconds);
  return { build: medianOf(builds.slice(1)) ?? firstCost.build, run: medianOf(runs) ?? firstCost.run };
}

const medianOf = (values: readonly number[]): number | null =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? null;

/**
 * The end of a bisection that gave no answer, as an error.
 * @throws {InfrastructureError} always
 */
export function refuseUnseen({ state }: BisectResult, node: number, tries: number): never {
  const commit = nameOf(state, node);
  const untestable = state.events.find((event) => event.kind === "untestable" && event.commit === commit);
  const why = untestable?.kind === "untestable" ? untestable.reason : `it was not seen there in ${tries} runs`;
  throw new InfrastructureError({
    what: `Cannot bisect: the end that is to fail, ${shortId(commit)}, does not show the failure: ${why}`,
    remedy: "Try the scenario there with zhil run; --tries N looks longer, --seek for what is known to differ",
  });
}
