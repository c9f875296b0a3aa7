/** What the command line costs where nothing is booted: recorded traces judged again, and the help. */
import { cp, mkdir } from "node:fs/promises";
import { basename, join } from "node:path";
import { runTool } from "../assets/run-tool.ts";
import { InfrastructureError } from "../errors/harness-error.ts";
import { findScenarioFolders } from "../evidence/read-evidence.ts";
import { evidenceFiles } from "../evidence/scenario-folder.ts";
import { countTurns, type BenchContext } from "./bench-context.ts";
import type { CheckMeasurement } from "./measurements.ts";
import { runSuiteOnClones } from "./run-suite-on-clones.ts";

/** Milliseconds for a call. */
const callLimit = 60_000;

/** A command that ended. */
interface Ended {
  readonly took: number;
  readonly stdout: string;
}

/**
 * Records the suite, and has the program judge as many traces of it as wanted, as if it had been run again and again.
 * @throws {HarnessError} where the run cannot be made, or the program does not judge all of them well; the signal's reason where it is aborted
 */
export async function measureCheck(context: BenchContext): Promise<CheckMeasurement> {
  const { counts, report, signal } = context;
  const { folder } = await runSuiteOnClones(context, (run) => run());
  const traces = await multiply(folder, await context.createRunFolder(), counts.check.traces);
  const turn = countTurns("zhil check", counts.check.times, report);
  const checks: number[] = [];
  const helps: number[] = [];
  for (let time = 0; time < counts.check.times; time++) {
    const { took, stdout } = await call(["check", traces, "--json"], context.program, signal);
    const judged = stdout.split("\n").length;
    if (judged !== counts.check.traces)
      throw new InfrastructureError({ what: `"zhil check" told of ${judged} traces, not of ${counts.check.traces}` });
    checks.push(took);
    helps.push((await call(["--help"], context.program, signal)).took);
    turn();
  }
  return { traces: counts.check.traces, checks, helps };
}

/** Lays out so many traces with their records, a folder for each time that the run is repeated. */
async function multiply(run: string, folder: string, wanted: number): Promise<string> {
  const scenarios = await findScenarioFolders(run);
  for (let count = 0; count < wanted; count++) {
    const from = scenarios[count % scenarios.length] ?? run;
    const to = join(folder, `run-${Math.floor(count / scenarios.length)}`, basename(from));
    await mkdir(to, { recursive: true });
    for (const file of [evidenceFiles.trace, evidenceFiles.record]) await cp(join(from, file), join(to, file));
  }
  return folder;
}

/** Calls the program, from before its start until it has ended. */
async function call(argv: readonly string[], program: string, signal: AbortSignal): Promise<Ended> {
  const began = performance.now();
  const stdout = await runTool({
    ...{ command: process.execPath, arguments: [program, ...argv], signal, limit: callLimit },
    purpose: `time "zhil ${argv[0] ?? ""}"`,
  });
  return { took: performance.now() - began, stdout };
}
