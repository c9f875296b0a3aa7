import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { InvalidArgumentError, Option } from "commander";
import { withHistory } from "../../nightly/history.ts";
import { openNight } from "../../nightly/open-night.ts";
import { historyFile } from "../../nightly/run-night.ts";
import { describeSeconds } from "../../report/describe-record.ts";
import { createScreen, wantsColours } from "../../report/screen.ts";
import { planNight } from "../../shards/plan-night.ts";
import { writeShardFile } from "../../shards/shard-files.ts";
import { formatGithubMatrix, formatGitlabMatrix } from "../../shards/shard-plan.ts";
import type { CommandContext, RegisterCommand } from "../command.ts";
import { showProgress } from "../show-progress.ts";

interface PlanFlags {
  readonly shards: number;
  readonly config?: string;
  readonly out?: string;
  readonly write: string;
  readonly format: "github" | "gitlab";
}

const notes = `
Standard output is the matrix alone, in one line; what each part takes is said on standard error.

  zhil plan --shards 4 > matrix.json                    in one job, which hands on plan.json
  zhil nightly --plan plan.json --shard 2               in four: each leaves part-2.json
  zhil merge --plan plan.json part-*.json               in a last one: one summary, one exit code

Parts are balanced by how long scenarios took in the history's last night. What a runner has (benches, kernels, QEMUs, devices)
is said by "runners" in zhil.config.ts.`;

/** `zhil plan` */
export const registerPlan: RegisterCommand = (program, context) => {
  program
    .command("plan")
    .description("Shares a night among several runners, and prints the matrix for their jobs.")
    .requiredOption("--shards <n>", "how many runners", parseShards)
    .option("--config <file>", "the configuration (default: zhil.config.ts here)")
    .option("--out <dir>", "where nights and their history are (default: what the configuration says)")
    .option("--write <file>", "where the plan goes", "plan.json")
    .addOption(new Option("--format <ci>", "whose matrix").choices(["github", "gitlab"]).default("github"))
    .addHelpText("after", notes)
    .action(async (flags: PlanFlags) => {
      await plan(flags, context);
    });
};

async function plan(flags: PlanFlags, { io }: CommandContext): Promise<void> {
  const screen = createScreen(io.stderr, wantsColours(io.stderr, io.environment, true));
  const { config, out, selected } = await openNight(flags, io.workingFolder);
  const file = historyFile(out);
  const place = { file, report: showProgress(io.stderr, screen), signal: io.interrupt };
  const before = existsSync(file) ? await withHistory(place, (history) => history.lastBefore("")) : null;
  const planned = planNight(config, selected, before, flags.shards);
  await writeShardFile(resolve(io.workingFolder, flags.write), planned);
  for (const { shard, runner, seconds, machines } of planned.shards) {
    const count = Object.values(machines).reduce((sum, names) => sum + names.length, 0);
    screen.print(`part ${shard} (${runner}): ${count} scenarios, ${describeSeconds(seconds)} one by one`);
  }
  io.stdout.write(flags.format === "github" ? formatGithubMatrix(planned) : formatGitlabMatrix(planned));
}

function parseShards(text: string): number {
  const shards = Number(text);
  if (Number.isInteger(shards) && shards >= 1 && shards <= 256) return shards;
  throw new InvalidArgumentError("Expected a number of runners, 1 to 256.");
}
