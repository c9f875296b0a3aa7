import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { addModules } from "./add-modules.ts";
import type { Initramfs } from "./assets.ts";
import { digestBytes } from "./digest.ts";
import type { Preparation } from "./preparation.ts";
import { ignoreProgress } from "./progress.ts";

let root: string;
let preparation: Preparation;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "zhil-add-modules-"));
  preparation = { root, update: false, report: ignoreProgress, signal: new AbortController().signal };
});
afterEach(() => rm(root, { recursive: true, force: true }));

async function makeArchive(name: string, content: string): Promise<Initramfs> {
  const path = join(root, name);
  await writeFile(path, content);
  return { path, digest: digestBytes(content) };
}

it("boots the agent's archive as it is where the kernel brings no modules", async () => {
  const agent = await makeArchive("agent", "agent");
  expect(await addModules(preparation, agent, null)).toBe(agent);
});

it("puts the modules behind the agent, once for the same two", async () => {
  const agent = await makeArchive("agent", "agent");
  const modules = await makeArchive("modules", "modules");
  const joined = await addModules(preparation, agent, modules);
  expect(await readFile(joined.path, "utf8")).toBe("agentmodules");
  expect(joined.digest).toBe(digestBytes("agentmodules"));
  await rm(modules.path);
  expect(await addModules(preparation, agent, modules)).toEqual(joined);
});

it("makes another where either changed", async () => {
  const modules = await makeArchive("modules", "modules");
  const one = await addModules(preparation, await makeArchive("agent", "one"), modules);
  const other = await addModules(preparation, await makeArchive("agent", "other"), modules);
  expect(await readFile(other.path, "utf8")).toBe("othermodules");
  expect(other.path).not.toBe(one.path);
});
