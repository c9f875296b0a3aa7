/** A bench whose kernel traces places, for tests: the model, and what an operation reaches is a matter of the one before it. */
import type { QuirkName } from "../../src/model/quirks.ts";
import { modelTargetWith } from "../../src/target/model-target.ts";
import type { Target } from "../../src/target/target.ts";
import type { Bench } from "../run/bench.ts";
import { openModelBench } from "../run/model-bench.ts";

/** The place that an operation reaches after another one that went well or not. */
const placeOf = (before: string, op: string): number =>
  Buffer.from(`${before} ${op}`).reduce((hash, byte) => (hash * 31 + byte) % 1_000_003, 7) + 1;

/** Such a bench, with something planted in its model; `onStart` and `onOperation` hear what is done. */
export function openPlacesBench(
  planted: readonly QuirkName[] = [],
  heard: { readonly onStart?: (name: string) => void; readonly onOperation?: (op: string) => void } = {},
): Bench {
  const bench = openModelBench();
  const { kernel } = bench.profile;
  const profile = {
    ...bench.profile,
    kernel: { ...kernel, digest: `sha256:${"ab".repeat(32)}`, options: [...kernel.options, "KCOV"] },
  };
  const target: Target = {
    profile,
    start: async (plan, signal) => {
      heard.onStart?.(plan.scenario);
      const started = await modelTargetWith(new Set(planted)).start(plan, signal);
      const reached = new Set<number>();
      let before = "";
      let traces = false;
      return {
        ...started,
        tracePlaces: () => {
          traces = true;
          return Promise.resolve(true);
        },
        perform: async (operation, until) => {
          const performed = await started.perform(operation, until);
          heard.onOperation?.(operation.op);
          const place = placeOf(before, operation.op);
          before = `${operation.op} ${performed.observation.result}`;
          if (!traces || reached.has(place)) return performed;
          reached.add(place);
          return { ...performed, places: [place] };
        },
      };
    },
  };
  return { ...bench, profile, createTarget: () => target };
}
