/** Templates that go away, or are not what they were, while a run is under way. */
import { existsSync } from "node:fs";
import { readdir, rm, stat, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it, vi } from "vitest";
import { ReporterGroup, type Reporter } from "../report/reporter.ts";
import { failuresOf, makeFakeSuite, type FakeSuite } from "../testing/fake-suite.ts";

// Whole programs are started here, on machines that may be busy.
vi.setConfig({ testTimeout: 60_000 });

const templateOf = async ({ templates }: FakeSuite): Promise<string> => {
  const [key = "none", ...others] = await readdir(templates);
  expect(others).toEqual([]);
  return join(templates, key);
};

/** Has something happen when the second scenario has ended; others run then, and some are still to come. */
const afterTwo = (
  action: () => Promise<void>,
): { readonly reporters: ReporterGroup; readonly done: () => Promise<void> } => {
  let ended = 0;
  let acting = Promise.resolve();
  const reporter: Reporter = {
    name: "acts",
    ended: () => {
      ended += 1;
      if (ended === 2) acting = action();
    },
  };
  return { reporters: new ReporterGroup([reporter]), done: () => acting };
};

it.each([
  ["is deleted", (folder: string) => rm(folder, { recursive: true }), "the one that was used until now is gone"],
  ["is emptied", async (folder: string) => truncate(join(folder, "state"), 3), "the one in the cache is not whole"],
  ["loses its memory", (folder: string) => rm(join(folder, "memory")), "the one in the cache is not whole"],
])("a template that %s in mid-run is made anew, with a line, and no scenario is lost", async (_, harm, why) => {
  await using suite = await makeFakeSuite();
  await suite.run(1);
  const { reporters, done } = afterTwo(async () => harm(await templateOf(suite)));
  expect(failuresOf(await suite.run(8, { reporters }))).toEqual([]);
  await done();
  expect(suite.said.slice(1)).toEqual([`Freezing a booted kernel as a template: ${why}`]);
  expect(await suite.count("template boot")).toBe(2);
  expect(existsSync(join(await templateOf(suite), "memory"))).toBe(true);
  await suite.expectNothingLeft();
});

it("a template whose state is not what it was is replaced once, though several scenarios are refused", async () => {
  await using suite = await makeFakeSuite();
  await suite.run(1);
  const state = join(await templateOf(suite), "state");
  const { size } = await stat(state);
  await writeFile(state, "x".repeat(size));
  expect(failuresOf(await suite.run(6))).toEqual([]);
  expect(suite.said).toHaveLength(2);
  expect(suite.said[1]).toMatch(/the one in the cache cannot be thawed: .*load of migration failed/u);
  expect(await suite.count("template boot")).toBe(2);
  expect(failuresOf(await suite.run(2))).toEqual([]);
  expect(suite.said).toHaveLength(2);
  await suite.expectNothingLeft();
});

it("a template that no clone can be had of, nor of the one in its place, is done without, with a line", async () => {
  await using suite = await makeFakeSuite(null, { clones: "only on trial" });
  expect(failuresOf(await suite.run(3))).toEqual([]);
  expect(suite.said.at(-1)).toContain(
    "Booting every scenario on its own, as no template can be had: the one in the cache",
  );
  expect(await suite.count("template boot")).toBe(2 + 3);
  await suite.expectNothingLeft();
});
