/** Runs to be reported: made on a bench that behaves as told, with what a guest may say at its worst. */
import { existsSync } from "node:fs";
import { appendFile, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { QuirkName } from "../../src/model/quirks.ts";
import { readLedger } from "../scenarios/read-ledger.ts";
import { callCli } from "./call-cli.ts";
import { fakeBench } from "./fake-bench.ts";

/** Texts that would be markup, end an element, or mislead. */
export const hostile = [
  "</script><script>alert(1)</script>",
  '<img src=x onerror="alert(2)">',
  "<!--<script>",
  "\u001b[2J\u202etxt.exe\u0000",
  "{{data}}{{script}}",
  "&lt;b&gt; ${alert(3)} \u2028 'quoted' \"twice\"",
] as const;

/** Runs the project's scenarios of these names on a machine that deviates by some quirks, which no ledger knows. */
export async function runWithQuirks(
  workingFolder: string,
  names: readonly string[],
  quirks: readonly QuirkName[],
): Promise<string> {
  const known = (await readLedger()).filter(({ name }) => !quirks.includes(name));
  const bench = fakeBench({ quirks: [...quirks, ...known.map(({ name }) => name)] });
  const services = { openBench: () => Promise.resolve(bench), readLedger: () => Promise.resolve(known) };
  const out = join(workingFolder, "zhil-runs");
  const folder = join(import.meta.dirname, "../../fixtures/scenarios");
  const { stderr } = await callCli(["run", ...names, "--scenarios", folder, "--out", out], {
    workingFolder,
    services,
  });
  const latest = join(out, "latest");
  if (!existsSync(latest)) throw new Error(stderr);
  return latest;
}

/** Writes hostile text wherever a guest, or the file that somebody sent, could have it. */
export async function poison(run: string): Promise<void> {
  for (const name of (await readdir(run)).filter((each) => !each.endsWith(".html"))) {
    const folder = join(run, name);
    const record = JSON.parse(await readFile(join(folder, "record.json"), "utf8")) as Record<string, unknown>;
    const all = hostile.join(" ");
    await writeFile(
      join(folder, "record.json"),
      JSON.stringify({
        ...record,
        summary: all,
        tags: [...hostile],
        details: [...hostile],
        reason: `because ${all}`,
      }),
    );
    await appendFile(join(folder, "console.log"), `${hostile.join("\n")}\n${"x".repeat(100_000)}\n`);
    const lines = (await readFile(join(folder, "trace.ndjson"), "utf8")).trimEnd().split("\n");
    const poisoned = lines.map((line, index) => {
      if (index === 0) return line;
      const step = JSON.parse(line) as {
        note: string;
        observation: { alarms: string[]; messages: string[] };
        evidence: { log: string[] };
      };
      step.note = all;
      step.observation.alarms.push(...hostile);
      step.observation.messages.push(...hostile);
      step.evidence.log.push(...hostile, "y".repeat(100_000));
      return JSON.stringify(step);
    });
    await writeFile(join(folder, "trace.ndjson"), `${poisoned.join("\n")}\n`);
  }
}
