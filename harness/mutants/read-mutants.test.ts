import { readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { parseTouchedPaths } from "../kernel/patched-tree.ts";
import { readScenarioFolder, scenariosFolder } from "../scenarios/read-scenarios.ts";
import type { Mutant } from "./mutant.ts";
import { readMutants } from "./read-mutants.ts";

const mutants = await readMutants([]);
const diffOf = ({ file }: Mutant): string => readFileSync(file, "utf8").replace(/^[^]*?(?=^--- )/mu, "");

/** Lines that a hunk announces, and lines that it has, on either side. */
function countHunks(diff: string): { announced: readonly number[]; had: readonly number[] }[] {
  return diff
    .split(/^(?=@@ )/mu)
    .slice(1)
    .map((hunk) => {
      const [, before = "1", after = "1"] = /^@@ -\d+(?:,(\d+))? \+\d+(?:,(\d+))? @@/u.exec(hunk) ?? [];
      const lines = hunk.replace(/\n$/u, "").split("\n").slice(1);
      // Editors take the space off an empty line of context; patch does not mind.
      const context = lines.filter((line) => line === "" || line.startsWith(" ")).length;
      const count = (sign: string): number => lines.filter((line) => line.startsWith(sign)).length + context;
      return { announced: [Number(before), Number(after)], had: [count("-"), count("+")] };
    });
}

describe("the project's mutants", () => {
  it("are ten or more, none twice", () => {
    expect(mutants.length).toBeGreaterThanOrEqual(10);
    expect(new Set(mutants.map((each) => each.name)).size).toBe(mutants.length);
    expect(new Set(mutants.map((each) => diffOf(each))).size).toBe(mutants.length);
  });

  it.each(mutants.map((each) => [each.name, each] as const))(
    "%s changes one source file in whole hunks",
    (_, mutant) => {
      const diff = diffOf(mutant);
      expect(parseTouchedPaths(readFileSync(mutant.file, "utf8"), mutant.name)).toEqual([
        expect.stringMatching(/^(?:arch|drivers)\/.*[.]c$/u),
      ]);
      const hunks = countHunks(diff);
      expect(hunks.length).toBeGreaterThan(0);
      for (const { announced, had } of hunks) expect(had).toEqual(announced);
      expect(diff).toMatch(/^[-+](?![-+])/mu);
    },
  );

  it("expect to be killed by tags that scenarios have", async () => {
    const { scenarios } = await readScenarioFolder(scenariosFolder);
    const known = new Set(scenarios.flatMap((each) => each.tags));
    const unknown = mutants.flatMap(({ name, tags }) =>
      tags.filter((tag) => !known.has(tag)).map((tag) => `${name}: ${tag}`),
    );
    expect(unknown).toEqual([]);
  });
});

describe("readMutants", () => {
  it("takes those that are named, and suggests for a slip", async () => {
    expect((await readMutants(["read-only-ignored"])).map((each) => each.name)).toEqual(["read-only-ignored"]);
    await expect(readMutants(["read-only-ignord"])).rejects.toThrow(
      'Unknown mutant "read-only-ignord": did you mean "read-only-ignored"?',
    );
  });

  it("wants a file to have its mutant's name", async () => {
    const folder = await mkdtemp(join(tmpdir(), "zhil-mutants-"));
    onTestFinished(() => rm(folder, { recursive: true }));
    await expect(readMutants([], folder)).rejects.toThrow("has no mutant");
    await writeFile(join(folder, "other.patch"), readFileSync(mutants[0]!.file));
    await expect(readMutants([], folder)).rejects.toThrow(`it is named "${mutants[0]!.name}", its file otherwise`);
  });
});
