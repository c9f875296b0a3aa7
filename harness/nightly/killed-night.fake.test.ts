/** A night whose process is killed, again and again: what was had counts, nothing runs twice, and nothing is missing. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { buildCommand } from "../testing/build-command.ts";
import { callCli } from "../testing/call-cli.ts";
import { configText } from "../testing/nights.ts";
import { scenarioText, temporaryFolder } from "../testing/scenario-files.ts";

const names = Array.from({ length: 60 }, (_, index) => `scenario-${String(index).padStart(2, "0")}`);

it("goes on each time where it ended", { timeout: 120_000 }, async () => {
  await using built = await buildCommand();
  await using folder = await temporaryFolder({
    "zhil.config.ts": configText({ benches: ["model"], jobs: 1, scenarios: { folder: "scenarios" } }),
    ...Object.fromEntries(names.map((name) => [`scenarios/${name}.yaml`, scenarioText(name)])),
  });
  /** Runs a night, and kills its process once so many scenarios have ended in it. */
  const runUntil = async (ended: number): Promise<string> => {
    const child = spawn(process.execPath, [built.program, "nightly"], { cwd: folder.path });
    let said = "";
    child.stdout.on("data", (chunk: Buffer) => {
      said += chunk.toString();
      if ((said.match(/^pass /gmu)?.length ?? 0) >= ended) child.kill("SIGKILL");
    });
    await once(child, "close");
    return said;
  };
  /** When each scenario's record was begun, by scenario; twice means that it ran twice. */
  const startsOf = async (night: string): Promise<ReadonlyMap<string, string>> => {
    const attempt = join(folder.path, "zhil-nights", night, "model", "attempt-1");
    const starts = new Map<string, string>();
    for (const name of await readdir(attempt)) {
      const text = await readFile(join(attempt, name, "record.json"), "utf8").catch(() => null);
      if (text !== null) starts.set(name, (JSON.parse(text) as { started: string }).started);
    }
    return starts;
  };

  await runUntil(7);
  const [night = ""] = (await readdir(join(folder.path, "zhil-nights"))).filter((name) => name.startsWith("2"));
  const first = await startsOf(night);
  expect(first.size).toBeGreaterThanOrEqual(7);
  expect(first.size).toBeLessThan(names.length);
  await runUntil(11);
  const second = await startsOf(night);
  expect(second.size).toBeGreaterThan(first.size);
  expect(await runUntil(Infinity)).toContain("nothing changed, nothing fails");

  const last = await startsOf(night);
  expect([...last.keys()].toSorted()).toEqual(names);
  for (const [name, start] of [...first, ...second]) expect(last.get(name)).toBe(start);
  const { stdout } = await callCli(["history", "scenario-30", "--json"], { workingFolder: folder.path });
  expect(stdout.trim().split("\n")).toHaveLength(1);
});
