import { resolve } from "node:path";
import { compareNights } from "../../nightly/compare-nights.ts";
import { withHistory } from "../../nightly/history.ts";
import { exitCodeOfNight } from "../../nightly/night-exit-code.ts";
import { openNight } from "../../nightly/open-night.ts";
import { historyFile } from "../../nightly/run-night.ts";
import { formatJsonLine } from "../../report/json-line.ts";
import { printNight } from "../../report/night-report.ts";
import { createScreen, wantsColours } from "../../report/screen.ts";
import { mergeShards, shardResultSchema } from "../../shards/merge-shards.ts";
import { readShardFile } from "../../shards/shard-files.ts";
import { shardPlanSchema } from "../../shards/shard-plan.ts";
import { makeFolders } from "../../lifecycle/make-folders.ts";
import type { CommandContext, RegisterCommand } from "../command.ts";
import type { ExitCode } from "../exit-code.ts";
import { showProgress } from "../show-progress.ts";

interface MergeFlags {
  readonly plan: string;
  readonly config?: string;
  readonly out?: string;
  readonly json: boolean;
  readonly color: boolean;
}

/** `zhil merge` */
export const registerMerge: RegisterCommand = (program, context) => {
  program
    .command("merge")
    .description("Puts the parts of a night together: one summary, one history, one exit code.")
    .argument("<part...>", "what zhil nightly --plan left; a part that is missing is an error, not a pass")
    .option("--plan <file>", "the plan that they are parts of", "plan.json")
    .option("--config <file>", "the configuration (default: zhil.config.ts here)")
    .option("--out <dir>", "where nights and their history are (default: what the configuration says)")
    .option("--json", "night and comparison as one JSON object on standard output; the rest on standard error", false)
    .option("--no-color", "no colours")
    .action(async (files: string[], flags: MergeFlags) => {
      context.exit(await merge(files, flags, context));
    });
};

async function merge(files: readonly string[], flags: MergeFlags, { io }: CommandContext): Promise<ExitCode> {
  const people = flags.json ? io.stderr : io.stdout;
  const screen = createScreen(people, wantsColours(people, io.environment, flags.color));
  const locate = (path: string): string => resolve(io.workingFolder, path);
  const { config, out } = await openNight(flags, io.workingFolder);
  const plan = await readShardFile(locate(flags.plan), shardPlanSchema, "plan");
  const parts = await Promise.all(files.map((file) => readShardFile(locate(file), shardResultSchema, "part")));
  // Named by when its first part began: merged again, it is the same night.
  const started = parts.map(({ result }) => result.started).toSorted()[0] ?? new Date().toISOString();
  const night = `${started.replace(/\.\d+Z$/u, "Z").replaceAll(":", "-")}-${plan.digest}`;
  const result = mergeShards(plan, parts, config, { night, started });
  await makeFolders(out);
  const place = { file: historyFile(out), report: showProgress(people, screen), signal: io.interrupt };
  const comparison = await withHistory(place, (history) => {
    const before = history.lastBefore(night);
    for (const machine of result.machines) history.putMachine({ night, started }, machine);
    history.endNight(night);
    return compareNights(result, before);
  });
  printNight(result, comparison, screen);
  if (flags.json) io.stdout.write(formatJsonLine({ ...result, comparison }));
  const absent = plan.shards.filter(({ shard }) => !parts.some((part) => part.shard === shard));
  for (const { shard } of absent) screen.print(screen.paint("bad", `Part ${shard} never reported`));
  const code = exitCodeOfNight(result);
  return code === 0 && absent.length > 0 ? 2 : code;
}
