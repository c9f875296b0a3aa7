/** Shrinking: from a sequence that shows something to a short one that shows it still. */
import { operationFields, type Operation } from "../operation/operation.ts";
import { lengthOf } from "./defaults.ts";
import { withoutName, wordsOf, type Sequence } from "./sequence.ts";

/** What shrinking asks of others. */
export interface ShrinkOptions {
  /** Leaves out what means nothing. */
  readonly repair: (sequence: Sequence) => Sequence;
  /** Which of some sequences show it: each up to where it does, null where it does not. They are asked about at once. */
  readonly test: (sequences: readonly Sequence[]) => Promise<readonly (Sequence | null)[]>;
  /** How many are asked about at once. */
  readonly atOnce: number;
  /** Whether what there is has to do. */
  readonly isOver: () => boolean;
}

/** Up to so many operations any two are left out together. */
const pairsLimit = 22;

/**
 * A short sequence that shows it. Names are left out first, then runs of operations, shorter and shorter ones, then two that
 * belong together, then fields that are not the usual ones; again while that helps. Each is looked at by the model before it
 * is tried, and what means nothing any more is left out with the rest.
 */
export async function shrink(found: Sequence, options: ShrinkOptions): Promise<Sequence> {
  const tried = new Set([keyOf(found)]);
  let best = found;

  /** Takes on the first of some that shows it. */
  const tryInTurn = async (candidates: Iterable<Sequence>): Promise<boolean> => {
    let batch: Sequence[] = [];
    const flush = async (): Promise<boolean> => {
      const results = batch.length === 0 ? [] : await options.test(batch);
      batch = [];
      const shown = results.find((each) => each !== null);
      if (shown === undefined) return false;
      best = shown;
      tried.add(keyOf(shown));
      return true;
    };
    for (const candidate of candidates) {
      if (options.isOver()) return false;
      const repaired = options.repair(candidate);
      const key = keyOf(repaired);
      if (repaired.operations.length === 0 || sizeOf(repaired) >= sizeOf(best) || tried.has(key)) continue;
      tried.add(key);
      batch.push(repaired);
      if (batch.length === options.atOnce && (await flush())) return true;
    }
    return flush();
  };

  for (let before = Number.POSITIVE_INFINITY; sizeOf(best) < before && !options.isOver();) {
    before = sizeOf(best);
    while (await tryInTurn(withoutNames(best)));
    for (let size = Math.ceil(best.operations.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
      while (await tryInTurn(withoutRuns(best, size)));
    }
    while (await tryInTurn(withoutPairs(best)));
    while (await tryInTurn(simpler(best)));
  }
  return best;
}

/** Shorter is smaller; of the same length, what says less. */
const sizeOf = ({ operations, cast }: Sequence): number =>
  operations.length * 1e6 +
  Object.keys(cast.functions).length * 1e5 +
  operations.reduce((sum, operation) => sum + lengthOf(operation), 0);

const keyOf = ({ operations, cast }: Sequence): string => JSON.stringify([Object.keys(cast.functions), operations]);

function* withoutNames(sequence: Sequence): Iterable<Sequence> {
  const { cast, operations } = sequence;
  const last = new Set(wordsOf(operations.at(-1)));
  const names = new Set([...Object.keys(cast.functions), ...operations.flatMap(wordsOf)]);
  for (const name of names) if (!last.has(name) && /^[A-Za-z][\w]?$/u.test(name)) yield withoutName(sequence, name);
}

/** The last operation is the one that shows it. */
function* withoutRuns({ cast, operations }: Sequence, size: number): Iterable<Sequence> {
  for (let end = operations.length - 1; end > 0; end -= size) {
    yield { cast, operations: [...operations.slice(0, Math.max(0, end - size)), ...operations.slice(end)] };
  }
}

function* withoutPairs({ cast, operations }: Sequence): Iterable<Sequence> {
  if (operations.length > pairsLimit) return;
  for (let one = operations.length - 2; one > 0; one -= 1) {
    for (let other = one - 1; other >= 0; other -= 1) {
      yield { cast, operations: operations.filter((_, index) => index !== one && index !== other) };
    }
  }
}

/** Each operation without something that it need not have. */
function* simpler({ cast, operations }: Sequence): Iterable<Sequence> {
  for (const [index, operation] of operations.entries()) {
    for (const each of simplerOnes(operation)) yield { cast, operations: operations.with(index, each) };
  }
}

function* simplerOnes(operation: Operation): Iterable<Operation> {
  const { during, answers, failNth, ...plain } = operation;
  if ((during ?? answers ?? failNth) !== undefined) yield plain;
  for (const [index] of (during ?? []).entries()) {
    const fewer = (during ?? []).filter((_, each) => each !== index);
    if (fewer.length > 0) yield { ...operation, during: fewer };
  }
  const { op, ...fields } = plain;
  for (const field of Object.keys(fields)) {
    const { [field]: _, ...rest } = fields as Readonly<Record<string, unknown>>;
    const read = operationFields[op].safeParse(rest);
    if (!read.success) continue;
    const more = {
      ...(during === undefined ? {} : { during }),
      ...(answers === undefined ? {} : { answers }),
      ...(failNth === undefined ? {} : { failNth }),
    };
    yield { op, ...read.data, ...more } as Operation;
  }
}
