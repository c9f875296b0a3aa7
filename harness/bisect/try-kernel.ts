/** One run of a scenario on a kernel; a kernel that does not boot is told from a scenario that fails. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { findSought, type Signature } from "../../src/bisect/signature.ts";
import type { ScenarioRecord } from "../evidence/record.ts";
import { bootCheck } from "../mutants/boot-check.ts";
import { quoteForShell } from "../qemu/quote-for-shell.ts";
import { describeDifference } from "../report/describe-record.ts";
import type { RunContext } from "../run/run-context.ts";
import { runScenario } from "../run/run-scenario.ts";
import type { BisectWorld, Trial } from "./bisect-world.ts";

/**
 * Runs the scenario once, its evidence in a folder.
 * @throws the signal's reason where it is aborted; {HarnessError} where there is no bench to be had
 */
export async function tryKernel(world: BisectWorld, image: string, folder: string): Promise<Trial> {
  const { scenario, ledger, judgedAs, signal } = world;
  await using bench = await world.openBench(image);
  const reproduce = (): string =>
    quoteForShell(["zhil", "run", scenario.name, ...bench.options, ...spellAs(judgedAs)]);
  const contextIn = async (name: string): Promise<RunContext> => {
    const runFolder = join(folder, name);
    await mkdir(runFolder, { recursive: true });
    return { bench, ledger, judgedAs, runFolder, keep: false, reproduce, signal };
  };
  const record = await runScenario(scenario, await contextIn("runs"));
  signal.throwIfAborted();
  if (record.verdict !== "error" || record.steps.performed > 0) return { record, dead: null };
  const boot = await runScenario(bootCheck, await contextIn("boots"));
  signal.throwIfAborted();
  return { record, dead: boot.verdict === "error" ? (boot.reason ?? "No answer") : null };
}

/** The option that has `zhil run` judge by a version's rules. */
export const spellAs = (version: string | null): readonly string[] => (version === null ? [] : ["--as", version]);

/** What a run showed of the failure sought, in one line; of one that did not show it, its verdict's reason. */
export function sayWhy(sought: Signature | null, record: ScenarioRecord): string | null {
  const difference = sought === null ? null : findSought(sought, record);
  return difference === null ? record.reason : describeDifference(difference);
}
