import { join } from "node:path";
import { UsageError } from "../../errors/harness-error.ts";
import { createScratch } from "../../lifecycle/scratch.ts";
import { describeOperation } from "../../report/describe-operation.ts";
import { escapeLine } from "../../report/escape.ts";
import { createScreen, wantsColours } from "../../report/screen.ts";
import { findMissing } from "../../run/find-missing.ts";
import { selectScenarios } from "../../scenarios/select-scenarios.ts";
import { runShell } from "../../shell/run-shell.ts";
import { ShellSession, type SessionOptions } from "../../shell/shell-session.ts";
import type { CommandContext, RegisterCommand } from "../command.ts";
import { addMachineOptions } from "../machine-options.ts";
import { parseCount, readSelection } from "../options.ts";
import { chooseBench, type RunFlags } from "../run-command.ts";
import { showProgress } from "../show-progress.ts";

interface ShellFlags extends Pick<RunFlags, "backend" | "bench" | "boot" | "color" | "domain" | "kernel" | "qemu"> {
  readonly scenarios?: string;
  readonly step?: number;
}

const notes = `
Without --step the scenario runs once, to see where it first differs; the shell is in another clone, before that step. Where
nothing differs it is after the last. A step is typed as a scenario has it, and judged as ever: "help" says what else there is.

Examples:
  zhil shell replace-populated-ioas             before the DMA that the new table does not translate
  zhil shell ./mine.yaml --step 5 --bench model
  echo "next all" | zhil shell attach-detach --step 1`;

/** `zhil shell` */
export const registerShell: RegisterCommand = (program, context) => {
  addMachineOptions(
    program
      .command("shell")
      .description("Puts you into a clone before the step that differs, with the agent at hand.")
      .argument("<scenario>", "a scenario's name, or the path of its YAML file")
      .option("--step <n>", "before this step instead", parseCount)
      .option("--scenarios <dir>", "look for scenarios in this folder instead of the project's own"),
  )
    .option("--no-color", "no colours")
    .addHelpText("after", notes)
    .action(async (name: string, flags: ShellFlags) => {
      await openShell(name, flags, context);
    });
};

async function openShell(name: string, flags: ShellFlags, { io, services }: CommandContext): Promise<void> {
  if (io.lines === undefined) throw new UsageError({ what: "Cannot open a shell: nothing can be typed here" });
  const screen = createScreen(io.stdout, wantsColours(io.stdout, io.environment, flags.color));
  const selection = { tag: [], without: [], seed: [], ...flags };
  const { scenarios, broken } = await selectScenarios(readSelection([name], selection, io.workingFolder));
  const [first] = broken;
  if (first !== undefined) throw first.error;
  // A path stands for the variants on other devices, too.
  const scenario = scenarios.find((each) => each.name === name) ?? scenarios[0];
  if (scenario === undefined) throw new UsageError({ what: `Cannot open a shell in "${name}": no such scenario` });
  if (flags.step !== undefined && flags.step > scenario.steps.length + 1) {
    throw new UsageError({ what: `No step ${flags.step}: "${scenario.name}" has ${scenario.steps.length}` });
  }
  await using scratch = await createScratch();
  await using bench = await services.openBench(await chooseBench(flags, io, showProgress(io.stderr, screen)));
  const missing = [...findMissing(scenario, bench.profile), ...(bench.lacks?.(scenario) ?? [])];
  if (missing.length > 0)
    throw new UsageError({ what: `Cannot perform "${scenario.name}" here: it needs ${missing.join(", ")}` });
  const consoleFile = join(await scratch.createFolder("shell"), "console.log");
  const options = { scenario, bench, ledger: await services.readLedger(), consoleFile, signal: io.interrupt };

  const before = flags.step ?? (await findDifference(options));
  await using session = await ShellSession.open(options);
  while (session.position + 1 < before && session.ended === null) await session.performNext();
  const next = session.planned[session.position];
  const place =
    next === undefined ? "after its last step" : `before step ${before}, ${describeOperation(next.operation)}`;
  screen.print(screen.paint("strong", `${escapeLine(scenario.name)}, ${place}`));
  screen.print(screen.paint("faint", `${bench.title}; "help" says what can be typed, Ctrl-D leaves`));
  await runShell({ ...{ session, screen, consoleFile, signal: io.interrupt }, lines: io.lines });
}

/** The step that fails, else the first that is known to deviate; one after the last where all is as it should be. */
async function findDifference(options: SessionOptions): Promise<number> {
  await using session = await ShellSession.open(options);
  while (session.position < session.planned.length && session.ended === null) await session.performNext();
  const { steps } = session;
  const odd =
    steps.find(({ judged }) => judged?.verdict === "fail") ?? steps.find(({ judged }) => judged?.verdict !== "pass");
  return odd?.step.step ?? session.planned.length + 1;
}
