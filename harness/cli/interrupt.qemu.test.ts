import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { recordSchema } from "../evidence/record.ts";
import { buildCommand } from "../testing/build-command.ts";
import { scenarioText, temporaryFolder } from "../testing/scenario-files.ts";

/** Processes whose arguments name a folder. */
async function findProcesses(folder: string): Promise<string[]> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/u.test(name));
  const commands = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")));
  return commands.filter((command) => command.includes(folder));
}

it.each([
  ["SIGINT", 1, 2],
  ["SIGTERM", 1, 2],
  ["SIGINT", 2, 130],
] as const)(
  "%s, %i times: no process and no scratch is left, and what was had is kept",
  async (signal, times, expected) => {
    await using command = await buildCommand();
    const names = Array.from({ length: 40 }, (_, index) => `scenario-${String(index).padStart(3, "0")}`);
    await using folder = await temporaryFolder(
      Object.fromEntries(names.map((name) => [`scenarios/${name}.yaml`, scenarioText(name)])),
    );
    await using scratch = await temporaryFolder();
    const argv = [command.program, "run", "--json", "-j", "2", "--scenarios", "scenarios"];
    const child = spawn(process.execPath, argv, {
      cwd: folder.path,
      env: { ...process.env, TMPDIR: scratch.path },
    });
    const exited = once(child, "exit");
    const said = { stdout: "", stderr: "" };
    child.stderr.on("data", (chunk: Buffer) => {
      const asked = said.stderr.includes("Ctrl-C once more");
      said.stderr += chunk.toString();
      if (times === 2 && !asked && said.stderr.includes("Ctrl-C once more")) child.kill(signal);
    });
    child.stdout.on("data", (chunk: Buffer) => {
      // At the first record a second scenario is under way.
      if (said.stdout === "") child.kill(signal);
      said.stdout += chunk.toString();
    });

    const [code] = (await exited) as [number | null];

    expect(code, said.stderr).toBe(expected);
    expect(await findProcesses(scratch.path)).toEqual([]);
    expect(await readdir(scratch.path)).toEqual([]);
    const [first] = said.stdout.split("\n");
    const record = recordSchema.parse(JSON.parse(first ?? ""));
    expect(record.verdict).toBe("pass");
    expect(await readFile(join(record.evidence, "record.json"), "utf8")).toContain(record.scenario);
    if (times === 1) expect(said.stderr).toMatch(/Interrupted: \d+ not run/u);
  },
);
