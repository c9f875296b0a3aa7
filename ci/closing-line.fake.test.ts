import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import type { TestModule } from "vitest/node";
import { countTests } from "./closing-line.ts";

const root = fileURLToPath(new URL("..", import.meta.url));

function moduleOf(states: readonly string[], errors: readonly Error[] = []): TestModule {
  const tests = states.map((state) => ({ result: () => ({ state }) }));
  return { errors: () => errors, children: { allTests: () => tests } } as unknown as TestModule;
}

/** Runs vitest, with the closing line as its reporter, on a folder that holds one test file. */
async function runVitest(testFile: string): Promise<{ readonly code: number; readonly lastLine: string }> {
  const folder = await mkdtemp(join(root, "node_modules", ".closing-line-"));
  try {
    await writeFile(join(folder, "one.check.ts"), testFile);
    await writeFile(
      join(folder, "vitest.config.ts"),
      `import { ClosingLine } from ${JSON.stringify(join(root, "ci", "closing-line.ts"))};
       export default { test: { include: ["*.check.ts"], reporters: ["default", new ClosingLine()] } };`,
    );
    const vitest = join(root, "node_modules", ".bin", "vitest");
    return await new Promise((resolve) => {
      const child = execFile(vitest, ["run", "--root", folder], (_, stdout) => {
        resolve({ code: child.exitCode ?? -1, lastLine: stdout.trimEnd().split("\n").at(-1) ?? "" });
      });
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

it("counts tests by state, and files and errors outside tests as failures", () => {
  const modules = [moduleOf(["passed", "failed", "skipped"]), moduleOf([], [new Error("cannot load")])];
  expect(countTests(modules, 2)).toEqual({ passed: 1, failed: 4, skipped: 1 });
});

it("ends a run with the counts alone on a line, and with exit code 1 where a test failed", async () => {
  const run = await runVitest(`import { it, expect } from "vitest";
    it("holds", () => { expect(1).toBe(1); });
    it("fails", () => { expect(1).toBe(2); });`);
  expect(run).toEqual({ code: 1, lastLine: "1 passed, 1 failed, 0 skipped" });
}, 30_000);

it("fails a run in which no test ran", async () => {
  const run = await runVitest(`import { it } from "vitest"; it.runIf(false)("never", () => undefined);`);
  expect(run).toEqual({ code: 1, lastLine: "0 passed, 0 failed, 1 skipped" });
}, 30_000);
