import { mkdir, readdir, readlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { temporaryFolder } from "../testing/scenario-files.ts";
import { createRunFolder, keptRuns } from "./runs-folder.ts";

const noon = new Date("2026-11-21T12:00:00.123Z");

it("names a run for its time and points latest to it", async () => {
  await using folder = await temporaryFolder();
  const parent = join(folder.path, "deep", "runs");
  expect(await createRunFolder(parent, noon)).toBe(join(parent, "2026-11-21T12-00-00Z"));
  expect(await createRunFolder(parent, noon)).toBe(join(parent, "2026-11-21T12-00-00Z-2"));
  expect(await readlink(join(parent, "latest"))).toBe("2026-11-21T12-00-00Z-2");
});

it("gives two runs that begin together a folder each", async () => {
  await using folder = await temporaryFolder();
  const created = await Promise.all([1, 2, 3].map(() => createRunFolder(folder.path, noon)));
  expect(new Set(created).size).toBe(3);
});

it("keeps the newest runs, and whatever is no run of ours", async () => {
  await using folder = await temporaryFolder();
  await mkdir(join(folder.path, "precious"));
  await writeFile(join(folder.path, "2020-notes"), "");
  for (let minute = 0; minute < keptRuns + 3; minute++) {
    await createRunFolder(folder.path, new Date(noon.getTime() + minute * 60_000));
  }
  const left = await readdir(folder.path);
  const runs = left.filter((name) => name.endsWith("Z")).sort();
  expect(runs).toHaveLength(keptRuns);
  expect(runs[0]).toBe("2026-11-21T12-03-00Z");
  expect(left).toEqual(expect.arrayContaining(["precious", "2020-notes", "latest"]));
});

it("counts runs of one second by their number", async () => {
  await using folder = await temporaryFolder();
  for (let count = 0; count < keptRuns + 3; count++) await createRunFolder(folder.path, noon);
  const left = await readdir(folder.path);
  expect(left).not.toContain("2026-11-21T12-00-00Z");
  expect(left).not.toContain("2026-11-21T12-00-00Z-3");
  expect(left).toContain("2026-11-21T12-00-00Z-4");
  expect(left).toContain("2026-11-21T12-00-00Z-10");
  expect(left).toContain(`2026-11-21T12-00-00Z-${keptRuns + 3}`);
});

it("says which folder cannot be written", async () => {
  await using folder = await temporaryFolder({ file: "" });
  await expect(createRunFolder(join(folder.path, "file"), noon)).rejects.toThrow(
    /^Cannot keep evidence in ".*file"/u,
  );
});
