/** Sequences on clones of their own: new ones as they come to mind, and those that are tried again. */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { drawCast, planOfCast, subjectsOf, type Subject } from "../../src/explore/cast.ts";
import type { Reached } from "../../src/explore/corpus.ts";
import { Generator } from "../../src/explore/generate.ts";
import { Random, seedOfSequence } from "../../src/explore/random.ts";
import { Runs } from "../../src/explore/runs.ts";
import type { Sequence } from "../../src/explore/sequence.ts";
import { Variation } from "../../src/explore/vary.ts";
import type { Operation } from "../../src/operation/operation.ts";
import type { PlannedStep } from "../../src/plan/plan.ts";
import { Follower, type Foretold } from "../../src/verdict/follow.ts";
import type { Ledger } from "../../src/verdict/ledger.ts";
import type { StartedTarget } from "../../src/target/target.ts";
import { HarnessError } from "../errors/harness-error.ts";
import type { Bench } from "../run/bench.ts";
import { tracePlaces } from "./corpus-trace.ts";
import { perform, type Shown } from "./perform.ts";

/** Where sequences are performed. */
export interface Clones {
  readonly bench: Bench;
  readonly ledger: Ledger;
  /** Folder for what machines write to their consoles. */
  readonly folder: string;
  readonly signal: AbortSignal;
  readonly onOperation?: () => void;
}

/** A sequence that was performed, and what its last operation showed. */
export interface Tried extends Sequence {
  readonly shown: Shown | null;
  /** Which places of the kernel which operation reached first; nothing where they are not traced. */
  readonly reached: readonly Reached[];
}

/** How sequences are generated. */
export interface Generation {
  readonly seed: number;
  /** Operations on a clone at most. */
  readonly length: number;
  /** What they are about; all that the bench has what it takes for where null. */
  readonly subjects: readonly Subject[] | null;
  /** Whether to begin another operation. */
  readonly goesOn: () => boolean;
  /** Whether it is told which places of the kernel operations reach. */
  readonly traces?: boolean;
}

/** Subjects that sequences may be about. */
export const possibleSubjects = (
  { profile }: Pick<Bench, "profile">,
  wanted: readonly Subject[] | null,
): readonly Subject[] => subjectsOf(profile).filter((each) => wanted?.includes(each) !== false);

/**
 * Generates the sequence of a number, performing it as it goes; from one that was kept, where one is given.
 * @throws whatever keeps a machine from coming up
 */
export async function exploreSequence(
  clones: Clones,
  { seed, length, subjects, goesOn, traces = false }: Generation,
  number: number,
  from: Sequence | null = null,
): Promise<Tried> {
  const { bench } = clones;
  const random = new Random(seedOfSequence(seed, number));
  const cast = from?.cast ?? drawCast(random, possibleSubjects(bench, subjects), bench.profile);
  return onClone(clones, cast, { name: `sequence-${String(number)}`, quick: true, traces }, (follower) => {
    const generator = new Generator(random, cast, follower, bench.profile);
    const source = from === null ? generator : new Variation(random, from.operations, generator);
    let left = length;
    return () => {
      left -= 1;
      return left < 0 || !goesOn() ? null : source.next();
    };
  });
}

/**
 * Performs a sequence again, up to what it shows: as quickly as when it was generated, or each operation when the one before
 * it has come to rest.
 * @throws whatever keeps a machine from coming up
 */
export const repeatSequence = (
  clones: Clones,
  { cast, operations }: Sequence,
  name: string,
  { quick, traces = false }: Pick<Manner, "quick"> & Partial<Manner>,
): Promise<Tried> =>
  onClone(clones, cast, { name, quick, traces }, () => {
    const left: Operation[] = [...operations];
    return () => {
      const operation = left.shift();
      return operation === undefined ? null : { operation, note: null };
    };
  });

/** How a sequence is performed. */
interface Manner {
  /** Of its plan and its console. */
  readonly name: string;
  /** Whether operations are asked for before what came of those ahead of them is known. */
  readonly quick: boolean;
  /** Whether it is told which places of the kernel they reach. */
  readonly traces: boolean;
}

async function onClone(
  clones: Clones,
  cast: Sequence["cast"],
  { name, quick, traces }: Manner,
  operationsFor: (follower: Follower) => () => PlannedStep | null,
): Promise<Tried> {
  const { bench, ledger, folder, signal, onOperation } = clones;
  const plan = planOfCast(name, cast, bench.profile);
  const console = join(folder, `${name}.console`);
  const started = await bench.createTarget(console).start(plan, signal);
  try {
    const follower = new Follower({ ...plan, profile: started.profile }, ledger);
    const runs = new Runs(follower, operationsFor);
    const told = onOperation === undefined ? {} : { onOperation };
    const nextRun = (): readonly Foretold[] => runs.next();
    const traced = traces ? await tracePlaces(started, signal) : { target: started, reached: [] };
    const performed = await perform({ started: traced.target, follower, nextRun, quick, signal, ...told });
    if (performed.shown !== null) started.distrust?.("it showed what it should not");
    return { cast, ...performed, reached: traced.reached };
  } finally {
    // What it ends with says nothing of operations that were all answered: whatever broke shows in those.
    await dispose(started);
    await rm(console, { force: true });
  }
}

const dispose = async (started: StartedTarget): Promise<void> => {
  try {
    await started[Symbol.asyncDispose]();
  } catch (error) {
    if (!(error instanceof HarnessError)) throw error;
  }
};
