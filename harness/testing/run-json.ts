/** Calls of `zhil run --json` on a fake bench. */
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { recordSchema, type ScenarioRecord } from "../evidence/record.ts";
import { callCli, type Call, type CallOptions } from "./call-cli.ts";
import { fakeBench, type FakeBenchOptions } from "./fake-bench.ts";
import { scenarioText, temporaryFolder } from "./scenario-files.ts";

/** Two scenarios that any bench can run. */
export const twoScenarios = { first: scenarioText("first"), second: scenarioText("second") };

/** Calls `zhil run --json` on a fake bench with these scenarios. */
export async function runJson(
  files: Readonly<Record<string, string>>,
  bench: FakeBenchOptions = {},
  { argv = [] as string[], ...options }: Partial<CallOptions> & { readonly argv?: string[] } = {},
): Promise<
  Call & { readonly records: ScenarioRecord[]; readonly folderOf: (scenario: string) => Record<string, string> }
> {
  await using folder = await temporaryFolder(
    Object.fromEntries(Object.entries(files).map(([name, text]) => [`scenarios/${name}.yaml`, text])),
  );
  const call = await callCli(["run", "--json", "-j", "2", ...argv], {
    workingFolder: folder.path,
    ...options,
    services: { openBench: () => Promise.resolve(fakeBench(bench)), ...options.services },
  });
  const records = call.stdout
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => recordSchema.parse(JSON.parse(line)));
  const kept: Record<string, Record<string, string>> = {};
  for (const { scenario, evidence } of records) {
    kept[scenario] = {};
    for (const file of [
      "trace.ndjson",
      "record.json",
      "operations.yaml",
      "qemu-command",
      "digests",
      "reproduce",
      "console.log",
    ]) {
      if (existsSync(join(evidence, file))) kept[scenario][file] = await readFile(join(evidence, file), "utf8");
    }
  }
  return { ...call, records, folderOf: (scenario) => kept[scenario] ?? {} };
}
