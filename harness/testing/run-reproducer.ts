import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { makePlan } from "../../src/plan/make-plan.ts";
import { quirksOf } from "../../src/verdict/ledger.ts";
import type { Assets } from "../assets/assets.ts";
import { prepareAssets } from "../assets/prepare-assets.ts";
import { exportScenario } from "../export/export-scenario.ts";
import { quoteForShell } from "../qemu/quote-for-shell.ts";
import { describeMachineOn } from "../run/emulated-bench.ts";
import { readLedger } from "../scenarios/read-ledger.ts";
import { readScenarioFolder, scenariosFolder } from "../scenarios/read-scenarios.ts";
import { scaleTime } from "../wait/with-limit.ts";

/** What a reproducer printed, by step. */
export interface Printed {
  readonly text: string;
  /** From the step's title to the next one's. */
  readonly step: (number: number) => string;
}

/** Exports a scenario to a folder, and runs its scripts as whoever gets it: in an empty environment but for QEMU. */
export async function exportedScenario(
  name: string,
  folder: string,
): Promise<{ readonly run: (script: "run" | "machine") => Promise<Printed> }> {
  const assets = await prepareAssets({ report: () => undefined, signal: new AbortController().signal });
  const { profile } = await describeMachineOn(assets);
  const { scenarios } = await readScenarioFolder(scenariosFolder);
  const scenario = scenarios.find((each) => each.name === name);
  if (scenario === undefined) throw new Error(`There is no scenario "${name}"`);
  const plan = makePlan(scenario, profile);
  const quirks = quirksOf(await readLedger(), plan.profile);
  const [kernel, initramfs] = [assets.kernel.image, assets.initramfs.path];
  const out = join(folder, name);
  await exportScenario({ plan, summary: scenario.summary, quirks, kernel, initramfs }, out);
  const program = join(folder, "qemu");
  await writeFile(program, describeQemu(assets), { mode: 0o755 });
  return { run: async (script) => printedBy(join(out, script), program) };
}

function describeQemu({ qemu }: Assets): string {
  const variables = Object.entries(qemu.environment).map(([name, value]) => `${name}=${value}`);
  return `#!/bin/sh\nexec ${quoteForShell(["env", ...variables, ...qemu.argv])} "$@"\n`;
}

async function printedBy(script: string, program: string): Promise<Printed> {
  const text = await new Promise<string>((resolve, reject) => {
    const env = { PATH: process.env["PATH"], QEMU: program };
    execFile(script, { env, timeout: scaleTime(60_000) }, (error, stdout, stderr) => {
      if (error === null) resolve(stdout.replaceAll("\r", ""));
      else reject(new Error(`The reproducer failed: ${error.message}\n${stderr}\n${stdout}`));
    });
  });
  const parts = new Map(text.split(/^# (?=\d+ {2})/mu).map((part) => [Number(/^\d+/u.exec(part)?.[0]), part]));
  return { text, step: (number) => parts.get(number) ?? "" };
}
