import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Assets } from "../assets/assets.ts";
import { prepareAssets } from "../assets/prepare-assets.ts";
import { exportScenario } from "../export/export-scenario.ts";
import { prepareExport } from "../export/prepare-export.ts";
import { quoteForShell } from "../qemu/quote-for-shell.ts";
import { readNamed } from "../scenarios/read-scenarios.ts";
import { scaleTime } from "../wait/with-limit.ts";

/** What a reproducer printed, by step. */
export interface Printed {
  readonly text: string;
  /** From the step's title to the next one's. */
  readonly step: (number: number) => string;
}

/** Milliseconds for a machine, and for a host with a guest. */
const limits = { emulated: 60_000, passthrough: 1_200_000 } as const;

/** Exports a scenario to a folder, and runs its scripts as whoever gets it: in an empty environment but for QEMU. */
export async function exportedScenario(
  name: string,
  folder: string,
  bench: keyof typeof limits = "emulated",
): Promise<{ readonly run: (script: "run" | "machine", qemu?: string) => Promise<Printed> }> {
  const scenario = (await readNamed([name])).find((each) => each.name === name);
  if (scenario === undefined) throw new Error(`There is no scenario "${name}"`);
  const preparing = { report: () => undefined, signal: new AbortController().signal };
  const exported = await prepareExport(scenario, { bench, kernel: null, ...preparing });
  const out = join(folder, name);
  await exportScenario(exported, out);
  const program = join(folder, "qemu");
  await writeFile(program, describeQemu(await prepareAssets(preparing)), { mode: 0o755 });
  return { run: async (script, qemu = program) => printedBy(join(out, script), qemu, limits[bench]) };
}

function describeQemu({ qemu }: Assets): string {
  const variables = Object.entries(qemu.environment).map(([name, value]) => `${name}=${value}`);
  return `#!/bin/sh\nexec ${quoteForShell(["env", ...variables, ...qemu.argv])} "$@"\n`;
}

async function printedBy(script: string, program: string, limit: number): Promise<Printed> {
  const text = await new Promise<string>((resolve, reject) => {
    const env = { PATH: process.env["PATH"], QEMU: program };
    execFile(script, { env, timeout: scaleTime(limit) }, (error, stdout, stderr) => {
      if (error === null) resolve(stdout.replaceAll("\r", ""));
      else reject(new Error(`The reproducer failed: ${error.message}\n${stderr}\n${stdout}`));
    });
  });
  const parts = new Map(text.split(/^# (?=\d+ {2})/mu).map((part) => [Number(/^\d+/u.exec(part)?.[0]), part]));
  return { text, step: (number) => parts.get(number) ?? "" };
}
