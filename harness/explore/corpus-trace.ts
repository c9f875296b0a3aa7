/** Which operations of a clone reached which places of its kernel. */
import type { Reached } from "../../src/explore/corpus.ts";
import type { Performed, StartedTarget } from "../../src/target/target.ts";

/** A target that is listened to. */
export interface Traced {
  readonly target: StartedTarget;
  /** Grows as operations are answered. */
  readonly reached: readonly Reached[];
}

/**
 * Has the kernel of a target trace the places that operations reach first; nothing is heard of one that cannot.
 * @throws {HarnessError} where the target gives no answer
 */
export async function tracePlaces(target: StartedTarget, signal: AbortSignal): Promise<Traced> {
  if ((await target.tracePlaces?.(signal)) !== true) return { target, reached: [] };
  const reached: Reached[] = [];
  let operation = 0;
  const note = (performed: Performed): Performed => {
    const { places = [] } = performed;
    if (places.length > 0) reached.push({ operation, places });
    operation += 1;
    return performed;
  };
  const performRun = target.performRun?.bind(target);
  return {
    reached,
    target: {
      profile: target.profile,
      perform: async (...asked) => note(await target.perform(...asked)),
      ...(performRun === undefined
        ? {}
        : {
            async *performRun(...asked) {
              for await (const performed of performRun(...asked)) yield note(performed);
            },
          }),
      [Symbol.asyncDispose]: () => target[Symbol.asyncDispose](),
    },
  };
}
