/** Calls of `zhil nightly` on fake benches, in a folder with scenarios and a configuration. */
import { join } from "node:path";
import type { NightResult } from "../nightly/night-result.ts";
import type { Comparison } from "../nightly/compare-nights.ts";
import type { BenchChoice } from "../run/bench.ts";
import { callCli, type Call } from "./call-cli.ts";
import { fakeBench, type FakeBenchOptions, type StepCall } from "./fake-bench.ts";
import { quirkyScenarioText, scenarioText, temporaryFolder, type TemporaryFolder } from "./scenario-files.ts";

/** What a bench does for a night; by the machine's kernel. */
export type PlantedBench = (choice: BenchChoice) => FakeBenchOptions;

/** A folder of nights. */
export interface Nights extends AsyncDisposable {
  readonly folder: TemporaryFolder;
  /** Runs a night, or what is left of one. */
  run(bench?: PlantedBench, ...argv: readonly string[]): Promise<Call & { readonly said: Said }>;
}

/** What `--json` says of a night. */
export type Said = NightResult & { readonly comparison: Comparison };

/** Text of a configuration. */
export const configText = (config: Readonly<Record<string, unknown>>): string =>
  `import { defineConfig } from "zpci-hil/config";\nconst config: object = ${JSON.stringify(config)};\nexport default defineConfig(config);\n`;

/** Makes a folder with scenarios, `quirky` among them, and a configuration of kernels. */
export async function makeNights(
  names: readonly string[],
  config: Readonly<Record<string, unknown>> = {},
): Promise<Nights> {
  const folder = await temporaryFolder({
    "zhil.config.ts": configText({ scenarios: { folder: "scenarios" }, ...config }),
    "scenarios/quirky.yaml": quirkyScenarioText,
    ...Object.fromEntries(names.map((name) => [`scenarios/${name}.yaml`, scenarioText(name)])),
  });
  return {
    folder,
    run: async (bench = () => ({}), ...argv) => {
      const call = await callCli(["nightly", "--json", "-j", "2", ...argv], {
        workingFolder: folder.path,
        services: { openBench: (choice) => Promise.resolve(choice).then((each) => fakeBench(bench(each))) },
      });
      return { ...call, said: (call.stdout === "" ? null : JSON.parse(call.stdout)) as Said };
    },
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
}

/** A bench on which some scenarios fail in their last step; `how` says by name and by how often it was asked. */
export function failing(how: (scenario: string, attempt: number) => boolean): FakeBenchOptions {
  const attempts = new Map<string, number>();
  return {
    onStart: (scenario) => {
      attempts.set(scenario, (attempts.get(scenario) ?? 0) + 1);
    },
    onStep: ({ scenario, step, honest }: StepCall) =>
      step === 2 && how(scenario, attempts.get(scenario) ?? 1) ? { ...honest, result: "EIO" } : honest,
  };
}

/** Path of a machine's folder in a night. */
export const machinePath = (nights: Nights, night: string, ...rest: readonly string[]): string =>
  join(nights.folder.path, "zhil-nights", night, ...rest);
