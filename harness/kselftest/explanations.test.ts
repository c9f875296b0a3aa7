import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { collections } from "./collection.ts";
import { readExplanations } from "./explanations.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "zt-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const entry = "name: one\n  cases: [a.*]\n  outcome: fail\n  says: x\n  fault: test\n  why: w\n  evidence: e\n";

it("reads what the project has", async () => {
  for (const { explanations } of Object.values(collections)) {
    const read = await readExplanations(explanations);
    expect(read.map(({ name }) => name)).toEqual(read.map(({ name }) => name).sort());
  }
});

it.each([
  ["no list", "name: one", "not a list"],
  ["no YAML", "- [", "not YAML"],
  ["an entry that says too little", "- name: one\n", "0.cases"],
  ["an entry without words to know the fail by", `- ${entry.replace("says: x", 'says: ""')}`, "0.says"],
  ["an entry twice", `- ${entry}\n- ${entry}`, '"one" is there twice'],
])("refuses %s", async (_, text, problem) => {
  const file = join(folder, "x.yaml");
  await writeFile(file, text);
  await expect(readExplanations(file)).rejects.toThrow(problem);
});
