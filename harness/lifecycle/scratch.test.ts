import { mkdir, mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { InfrastructureError } from "../errors/harness-error.ts";
import { createScratch, ownerFile } from "./scratch.ts";

let parent: string;
beforeAll(async () => {
  parent = await mkdtemp(join(tmpdir(), "zt-"));
});
afterAll(() => rm(parent, { recursive: true }));

it("is a folder for its owner alone, and gone when disposed", async () => {
  const scratch = await createScratch({ parent });
  expect((await stat(scratch.path)).mode & 0o777).toBe(0o700);
  expect(JSON.parse(await readFile(join(scratch.path, ownerFile), "utf8"))).toMatchObject({ pid: process.pid });
  const [one, two] = [await scratch.createFolder("m"), await scratch.createFolder("m")];
  expect(one).not.toBe(two);
  expect((await stat(one)).mode & 0o777).toBe(0o700);
  await scratch[Symbol.asyncDispose]();
  expect(await readdir(parent)).toEqual([]);
});

it("refuses a place whose sockets would have too long paths, and leaves nothing there", async () => {
  const deep = join(parent, "d".repeat(80));
  await mkdir(deep);
  await expect(createScratch({ parent: deep })).rejects.toThrow(/would have paths over 107 bytes/);
  expect(await readdir(deep)).toEqual([]);
  await rm(deep, { recursive: true });
});

it("says what to do where it cannot be created", async () => {
  const error = await createScratch({ parent: join(parent, "missing") }).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(InfrastructureError);
  expect(error).toMatchObject({ remedy: "Point TMPDIR to a folder that exists and can be written" });
});
