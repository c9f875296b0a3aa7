import { execFile } from "node:child_process";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { buildCommand, type BuiltCommand } from "../testing/build-command.ts";
import { scenarioText, temporaryFolder, type TemporaryFolder } from "../testing/scenario-files.ts";

/** Milliseconds for a program that takes one or two: other checks use the machine as well. */
const limit = 180_000;
let built: BuiltCommand;
let folder: TemporaryFolder;

beforeAll(async () => {
  built = await buildCommand();
  const names = Array.from({ length: 30 }, (_, index) => `scenario-${String(index).padStart(3, "0")}`);
  folder = await temporaryFolder(Object.fromEntries(names.map((name) => [`${name}.yaml`, scenarioText(name)])));
}, limit);

afterAll(async () => {
  await built[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

interface Ended {
  readonly code: number | string;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end. */
const run = (
  program: string,
  argv: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<Ended> =>
  new Promise((resolve) => {
    const options = { cwd: folder.path, env: { ...process.env, ...environment } };
    execFile(program, argv, options, (error, stdout, stderr) => {
      resolve({ code: error?.code ?? 0, stdout, stderr });
    });
  });
const zhil = (...argv: readonly string[]): Promise<Ended> => run(process.execPath, [built.program, ...argv]);

describe("the program zhil", () => {
  it(
    "runs scenarios on the model and leaves evidence where it was called",
    async () => {
      const { code, stdout, stderr } = await zhil("run", "--bench", "model", "--scenarios", ".");
      expect(stdout).toContain("30 pass, 0 fail, 0 known, 0 skip, 0 error");
      expect(stderr).toBe("");
      expect(code).toBe(0);
      expect(await readdir(join(folder.path, "zhil-runs", "latest"))).toHaveLength(31);
    },
    limit,
  );

  it(
    "exits with 2 and one message where it is called wrongly",
    async () => {
      const { code, stdout, stderr } = await zhil("run", "scenario-0O1", "--bench", "model", "--scenarios", ".");
      expect(stderr.split("\n")[0]).toBe('zhil: Unknown scenario "scenario-0O1": did you mean "scenario-001"?');
      expect(stdout).toBe("");
      expect(code).toBe(2);
    },
    limit,
  );

  it(
    "ends quietly where nobody reads its output any more",
    async () => {
      const script = `"${process.execPath}" "${built.program}" list --json --scenarios . | head -n 1`;
      const { stdout, stderr } = await run("bash", ["-c", script]);
      expect(stdout.trim().split("\n")).toHaveLength(1);
      expect(stderr).toBe("");
    },
    limit,
  );
});
