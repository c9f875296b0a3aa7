/** Sequences on clones of their own: new ones as they come to mind, and those that are tried again. */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { drawCast, planOfCast, subjectsOf, type Subject } from "../../src/explore/cast.ts";
import { Generator } from "../../src/explore/generate.ts";
import { Random, seedOfSequence } from "../../src/explore/random.ts";
import { Runs } from "../../src/explore/runs.ts";
import type { Sequence } from "../../src/explore/sequence.ts";
import type { Operation } from "../../src/operation/operation.ts";
import type { PlannedStep } from "../../src/plan/plan.ts";
import { Follower, type Foretold } from "../../src/verdict/follow.ts";
import type { Ledger } from "../../src/verdict/ledger.ts";
import type { StartedTarget } from "../../src/target/target.ts";
import { HarnessError } from "../errors/harness-error.ts";
import type { Bench } from "../run/bench.ts";
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
}

/**
 * Generates the sequence of a number, performing it as it goes.
 * @throws whatever keeps a machine from coming up
 */
export async function exploreSequence(
  clones: Clones,
  { seed, length, subjects, goesOn }: Generation,
  number: number,
): Promise<Tried> {
  const { bench } = clones;
  const random = new Random(seedOfSequence(seed, number));
  const possible = subjectsOf(bench.profile).filter((each) => subjects?.includes(each) !== false);
  const cast = drawCast(random, possible, bench.profile);
  return onClone(clones, cast, `sequence-${String(number)}`, true, (follower) => {
    const generator = new Generator(random, cast, follower, bench.profile);
    let left = length;
    return () => {
      left -= 1;
      return left < 0 || !goesOn() ? null : generator.next();
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
  { quick }: { readonly quick: boolean },
): Promise<Tried> =>
  onClone(clones, cast, name, quick, () => {
    const left: Operation[] = [...operations];
    return () => {
      const operation = left.shift();
      return operation === undefined ? null : { operation, note: null };
    };
  });

async function onClone(
  clones: Clones,
  cast: Sequence["cast"],
  name: string,
  quick: boolean,
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
    const performed = await perform({ started, follower, nextRun, quick, signal, ...told });
    if (performed.shown !== null) started.distrust?.("it showed what it should not");
    return { cast, ...performed };
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
