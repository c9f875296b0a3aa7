import { expect, it } from "vitest";
import { operationFields, type Operation } from "../../src/operation/operation.ts";
import { planOfCast } from "../../src/explore/cast.ts";
import { modelProfile, modelTarget } from "../../src/target/model-target.ts";
import type { StartedTarget } from "../../src/target/target.ts";
import { tracePlaces } from "./corpus-trace.ts";

const { signal } = new AbortController();
const alloc = (ioas: string): Operation => ({ op: "ioas-alloc", ...operationFields["ioas-alloc"].parse({ ioas }) });
const start = (): Promise<StartedTarget> => {
  const cast = { functions: {}, buffers: {}, kernelParameters: [], subjects: new Set<never>() };
  return modelTarget.start(planOfCast("traced", cast, modelProfile), signal);
};
/** A target of which every second operation reaches something, asked for one by one or all at once. */
async function targetWith(places: readonly (readonly number[])[]): Promise<StartedTarget> {
  const started = await start();
  const left = [...places];
  const perform: StartedTarget["perform"] = async (...asked) => {
    const reached = left.shift() ?? [];
    return { ...(await started.perform(...asked)), ...(reached.length === 0 ? {} : { places: reached }) };
  };
  return {
    ...started,
    perform,
    async *performRun(run, until) {
      for (const { operation } of run) yield await perform(operation, until);
    },
    tracePlaces: () => Promise.resolve(true),
  };
}

it("says which operation of a clone reached what, however they were asked for", async () => {
  const { target, reached } = await tracePlaces(await targetWith([[1, 2], [], [3], [], [4]]), signal);
  await target.perform(alloc("A"), signal);
  const run = ["B", "C", "D"].map((ioas) => ({ operation: alloc(ioas), isQuiet: true }));
  for await (const { observation } of target.performRun?.(run, signal) ?? []) expect(observation.result).toBe("OK");
  await target.perform(alloc("E"), signal);
  expect(reached).toEqual([
    { operation: 0, places: [1, 2] },
    { operation: 2, places: [3] },
    { operation: 4, places: [4] },
  ]);
});

it("hears nothing of a target that traces nothing, and leaves it as it is", async () => {
  const plain = await start();
  expect(await tracePlaces(plain, signal)).toEqual({ target: plain, reached: [] });
  const refuses = { ...plain, tracePlaces: () => Promise.resolve(false) };
  expect((await tracePlaces(refuses, signal)).target).toBe(refuses);
});
