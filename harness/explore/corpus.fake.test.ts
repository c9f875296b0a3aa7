/** Exploring that is led by where it comes in a kernel, on a model that says where it is. */
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { placesOf } from "../../src/explore/corpus.ts";
import { parseScenario } from "../../src/scenario/parse.ts";
import type { Bench } from "../run/bench.ts";
import { openPlacesBench } from "../testing/places-bench.ts";
import { temporaryFolder } from "../testing/scenario-files.ts";
import { folderOf, readEntries, readSequence, type Entry } from "./corpus-folder.ts";
import { minimiseCorpus, type Minimising } from "./corpus-min.ts";
import { CorpusSession } from "./corpus-session.ts";
import { explore, type Explored, type ExploreOptions } from "./explore.ts";

const run = (folder: string, bench: Bench, more: Partial<ExploreOptions> = {}): Promise<Explored> =>
  explore({
    ...{ bench, ledger: [], jobs: 1, seed: 1, keep: false, runFolder: folder, reproduce: () => "again" },
    ...{ findings: join(folder, "findings"), time: 1500, length: 40, only: null, subjects: null },
    ...{ untilFound: false, exports: false, effort: { limit: 2000, tries: 1 } },
    signal: new AbortController().signal,
    onProgress: () => undefined,
    ...more,
  });
const entriesIn = async (corpus: string, { profile }: Bench): Promise<readonly Entry[]> =>
  (await readEntries(folderOf(corpus, profile.kernel))).entries;
const reachedBy = (entries: readonly Entry[]): ReadonlySet<number> =>
  new Set(entries.flatMap(({ kept }) => placesOf(kept.reached)));
const minimise = (corpus: string, bench: Bench, more: Partial<Minimising> = {}): ReturnType<typeof minimiseCorpus> =>
  minimiseCorpus({
    ...{ bench, ledger: [], corpus, folder: corpus, jobs: 2, onPlayed: () => undefined },
    signal: new AbortController().signal,
    ...more,
  });

it("keeps what reaches something new, each a scenario, and begins from it the next night", async () => {
  await using folder = await temporaryFolder();
  const corpus = join(folder.path, "corpus");
  const bench = openPlacesBench();
  const first = await run(folder.path, bench, { corpus: await CorpusSession.open(corpus, bench.profile) });
  const entries = await entriesIn(corpus, bench);
  expect(entries.length).toBeGreaterThan(3);
  expect(first.reach).toEqual({
    ...{ kept: entries.length, entries: entries.length },
    ...{ reached: reachedBy(entries).size, fresh: reachedBy(entries).size },
  });
  // Each place is said of the one that reached it first.
  expect(entries.flatMap(({ kept }) => placesOf(kept.reached))).toHaveLength(reachedBy(entries).size);
  for (const entry of entries) {
    expect(parseScenario(await readFile(entry.file, "utf8"), entry.file).name).toBe(entry.name);
    const sequence = await readSequence(entry, bench.profile);
    expect(sequence?.operations).toHaveLength(1 + Math.max(...entry.kept.reached.map(({ operation }) => operation)));
    expect([...(sequence?.cast.subjects ?? [])].sort()).toEqual(entry.kept.subjects);
  }
  const second = await run(folder.path, bench, { seed: 2, corpus: await CorpusSession.open(corpus, bench.profile) });
  expect(second.reach?.fresh).toBeLessThan(second.reach?.reached ?? 0);
  const later = (await entriesIn(corpus, bench)).filter(({ name }) => !entries.some((each) => each.name === name));
  expect(later).toHaveLength(second.reach?.kept ?? -1);
  const names = new Set(entries.map(({ name }) => name));
  expect(later.some(({ kept }) => kept.from !== null && names.has(kept.from))).toBe(true);
});

it("plays what it would play without where there is no corpus, and counts places", async () => {
  await using folder = await temporaryFolder();
  const play = async (more: Partial<ExploreOptions>): Promise<readonly string[]> => {
    const operations: string[] = [];
    const controller = new AbortController();
    const bench = openPlacesBench([], {
      onOperation: (op) => {
        operations.push(op);
        if (operations.length === 400) controller.abort(new Error("That is enough"));
      },
    });
    await run(folder.path, bench, { time: 60_000, signal: controller.signal, ...more });
    return operations.slice(0, 400);
  };
  const bench = openPlacesBench();
  const counting = await CorpusSession.open(null, bench.profile);
  expect(await play({ corpus: counting })).toEqual(await play({}));
  expect(counting.reach).toMatchObject({ kept: null, entries: 0 });
  expect(counting.reach.reached).toBeGreaterThan(20);
  expect(await readdir(folder.path)).not.toContain("corpus");
});

it("plays the sequence of a finding again that began from a kept one, as long as that is there", async () => {
  await using folder = await temporaryFolder();
  const corpus = join(folder.path, "corpus");
  const healthy = openPlacesBench();
  await run(folder.path, healthy, { corpus: await CorpusSession.open(corpus, healthy.profile) });
  const bench = openPlacesBench(["blocked-dma-silent"]);
  let found: Explored["findings"][number] | undefined;
  for (let seed = 1; found === undefined; seed += 1) {
    const session = await CorpusSession.open(corpus, bench.profile);
    const more = { seed, corpus: session, time: 30_000, untilFound: true, length: 100 };
    const { findings } = await run(folder.path, bench, { ...more, findings: join(folder.path, String(seed)) });
    found = findings.find(({ from }) => from !== null);
  }
  const { seed, sequence, from, signature, operations } = found;
  const again = async (beginning: string | null): Promise<Explored> =>
    run(folder.path, bench, {
      ...{ seed, only: sequence, from: beginning, length: 100, findings: join(folder.path, "again") },
      corpus: await CorpusSession.open(corpus, bench.profile),
    });
  const { findings } = await again(from);
  expect(findings[0]).toMatchObject({ signature, from, operations: { found: operations.found } });
  await expect(again("kept-000000000000")).rejects.toThrow('Cannot begin from "kept-000000000000"');
}, 240_000);

it("keeps as few as reach all that all reach, and no fewer the second time", async () => {
  await using folder = await temporaryFolder();
  const corpus = join(folder.path, "corpus");
  const bench = openPlacesBench();
  // Two at once: neither knows what the other one keeps.
  const sessions = [1, 2].map(() => CorpusSession.open(corpus, bench.profile));
  for (const [seed, session] of (await Promise.all(sessions)).entries())
    await run(folder.path, bench, { seed, corpus: session });
  const before = await entriesIn(corpus, bench);
  const first = await minimise(corpus, bench);
  const after = await entriesIn(corpus, bench);
  expect(first.before.entries).toBe(before.length);
  expect(after.length).toBeLessThan(before.length);
  expect(first.after).toMatchObject({ entries: after.length, places: reachedBy(after).size });
  expect(first.after.operations).toBeLessThan(first.before.operations);
  expect([...reachedBy(before)].filter((place) => !reachedBy(after).has(place))).toEqual([]);
  expect(first).toMatchObject({ lost: 0, untouched: 0 });
  const second = await minimise(corpus, bench);
  // The order of the entries is another then, and with it which of two reaches a place that both do: one may be cut shorter.
  const { operations, ...kept } = second.before;
  expect(second.after).toMatchObject(kept);
  expect(second.after.operations).toBeLessThanOrEqual(operations);
  expect(reachedBy(await entriesIn(corpus, bench))).toEqual(reachedBy(after));
});

it("leaves a corpus as it is where it is interrupted, and what cannot be read where it is", async () => {
  await using folder = await temporaryFolder();
  const corpus = join(folder.path, "corpus");
  const bench = openPlacesBench();
  await run(folder.path, bench, { corpus: await CorpusSession.open(corpus, bench.profile) });
  const at = folderOf(corpus, bench.profile.kernel);
  const [entry] = await entriesIn(corpus, bench);
  const [line = ""] = (await readFile(entry?.file ?? "", "utf8")).split("\n");
  // One that no longer says anything, one of another kernel, what was never finished, and what is nobody's.
  await writeFile(join(at, "kept-111111111111.yaml"), `${line}\nname: of-another-version\n`);
  await writeFile(join(at, "kept-222222222222.yaml"), `${line.replace(/sha256:..../u, "sha256:0000")}\n`);
  await writeFile(join(at, "kept-333333333333.yaml.77"), line.slice(0, 50));
  await writeFile(join(at, "notes.yaml"), "nothing of ours\n");
  const names = await readdir(at);
  const controller = new AbortController();
  const interrupted = minimise(corpus, bench, {
    signal: controller.signal,
    onPlayed: () => {
      controller.abort(new Error("Ctrl-C"));
    },
  });
  await expect(interrupted).rejects.toThrow("Ctrl-C");
  expect(await readdir(at)).toEqual(names);
  expect((await readEntries(at)).odd).toHaveLength(2);
  expect(await minimise(corpus, bench)).toMatchObject({ untouched: 1 });
  const left = await readdir(at);
  for (const name of ["kept-111111111111.yaml", "kept-222222222222.yaml", "notes.yaml"]) expect(left).toContain(name);
});
