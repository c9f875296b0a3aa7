/** How long scenarios took when they last ran, so that the next run can begin with the longest. */
import { readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod";
import type { ScenarioRecord } from "./record.ts";

const fileName = "durations.json";
const schema = z.record(z.string(), z.number().nonnegative());

/** Seconds by scenario, as the runs in a folder of runs left them; empty where none did, or not in a way that can be read. */
export async function readDurations(runs: string): Promise<ReadonlyMap<string, number>> {
  const text = await readFile(join(runs, fileName), "utf8").catch(() => "{}");
  try {
    return new Map(Object.entries(schema.parse(JSON.parse(text))));
  } catch {
    // Nothing but the order of the next run depends on it.
    return new Map();
  }
}

/** Keeps what a run measured beside what earlier ones did. A folder that cannot be written loses an order, not a run. */
export async function keepDurations(runs: string, records: readonly ScenarioRecord[]): Promise<void> {
  const durations = new Map(await readDurations(runs));
  for (const { scenario, seconds } of records) durations.set(scenario, seconds);
  const aside = join(runs, `.${fileName}-${process.pid}`);
  try {
    await writeFile(aside, JSON.stringify(Object.fromEntries(durations)));
    await rename(aside, join(runs, fileName));
  } catch {
    return;
  }
}
