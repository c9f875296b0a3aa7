import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { commitOf } from "../testing/fake-kernels.ts";
import { makeRepository } from "../testing/made-repository.ts";
import { temporaryFolder, type TemporaryFolder } from "../testing/scenario-files.ts";
import { listRange, readCommit, type Ends, type Range } from "./range.ts";

const signal = new AbortController().signal;
let folder: TemporaryFolder;
let ids: readonly string[];
beforeEach(async () => {
  folder = await temporaryFolder();
  // 0 - 1 - 2 - 5 - 6, and 1 - 3 - 4 merged by 5.
  ids = makeRepository(join(folder.path, "linux"), [
    { ...commitOf("root", {}), files: { "drivers/a.c": "0" } },
    { subject: "one", files: { "drivers/a.c": "1" } },
    { subject: "two", files: { "mm/b.c": "2" } },
    { subject: "three", files: { "drivers/c.c": "3" }, parents: [1] },
    { subject: "four", files: { "mm/d.c": "4" } },
    { subject: "merge", files: { "drivers/c.c": "3", "mm/d.c": "4" }, parents: [2, 4] },
    { subject: "six", files: { "net/e.c": "6" } },
  ]);
});
afterEach(() => folder[Symbol.asyncDispose]());

const call = (): { repository: string; signal: AbortSignal } => ({ repository: join(folder.path, "linux"), signal });
const list = (good: number, bad: number, more: Partial<Ends> = {}): Promise<Range> =>
  listRange(call(), { good: ids[good]!, bad: ids[bad]!, firstParent: false, paths: [], ...more });
const numbers = ({ commits }: Range): readonly number[] => commits.map(({ id }) => ids.indexOf(id));

it("lists commits after their parents, a merge's among them", async () => {
  const range = await list(0, 6);
  expect(range).toMatchObject({ find: "bad", base: ids[0], notes: [] });
  expect([...numbers(range)].sort()).toEqual([1, 2, 3, 4, 5, 6]);
  expect(numbers(range).at(-1)).toBe(6);
  for (const [index, { parents }] of range.commits.entries()) {
    const before = [range.base, ...range.commits.slice(0, index).map(({ id }) => id)];
    for (const parent of parents) expect(before).toContain(parent);
  }
});

it("takes a merge for one change where it is told", async () => {
  const range = await list(0, 6, { firstParent: true });
  expect(numbers(range)).toEqual([1, 2, 5, 6]);
  expect(range.commits[2]?.parents).toEqual([ids[2]]);
});

it("takes only commits that touch a path, and the end for all of them", async () => {
  const range = await list(0, 6, { paths: ["drivers"] });
  expect(numbers(range)).toEqual([1, 3, 6]);
  expect(range.commits.at(-1)?.parents).toEqual([ids[3]]);
});

it("looks for a fix where the bad end is the older one", async () => {
  expect(await list(6, 0)).toMatchObject({ find: "fix", base: ids[0] });
});

it("begins where the ends part, and says so", async () => {
  const range = await list(2, 4);
  expect(range.base).toBe(ids[1]);
  expect(numbers(range)).toEqual([3, 4]);
  expect(range.notes).toEqual([expect.stringContaining(`beginning at ${ids[1]!.slice(0, 12)}`) as string]);
});

it("knows who wrote a commit, and whom it concerns", async () => {
  expect(await readCommit(call(), ids[3]!)).toEqual({
    author: "An Author",
    email: "author@example.org",
    date: "2023-11-14",
    subject: "three",
    people: ["An Author <author@example.org>"],
  });
});
