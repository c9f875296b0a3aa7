import { copyFile, mkdir, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { Option } from "commander";
import { InfrastructureError, UsageError } from "../../errors/harness-error.ts";
import { exitCodeOfNight } from "../../nightly/night-exit-code.ts";
import { listMachineFolders } from "../../nightly/night-folder.ts";
import { openNight } from "../../nightly/open-night.ts";
import type { Crew, NightPart } from "../../nightly/night-run.ts";
import { runNight, type NightEnd } from "../../nightly/run-night.ts";
import { reportName, writeReport } from "../../report/html/write-report.ts";
import { formatJsonLine } from "../../report/json-line.ts";
import { LineReporter } from "../../report/line-reporter.ts";
import { formatNight } from "../../report/night-markdown.ts";
import { printNight } from "../../report/night-report.ts";
import { ReporterGroup } from "../../report/reporter.ts";
import { createScreen, wantsColours } from "../../report/screen.ts";
import { measureCapacity } from "../../run/measure-capacity.ts";
import { defaultJobs } from "../../run/schedule.ts";
import { readShardFile, writeShardFile } from "../../shards/shard-files.ts";
import { shardPlanSchema } from "../../shards/shard-plan.ts";
import type { CommandContext, RegisterCommand } from "../command.ts";
import type { ExitCode } from "../exit-code.ts";
import { readVariable } from "../io.ts";
import { jobsOption } from "../options.ts";
import { readNightHistory } from "../read-night-history.ts";
import { showProgress } from "../show-progress.ts";

interface NightlyFlags {
  readonly config?: string;
  readonly out?: string;
  readonly jobs?: number;
  readonly fresh: boolean;
  readonly markdown?: string;
  readonly html?: string;
  readonly plan?: string;
  readonly shard?: number;
  readonly queue?: string;
  readonly json: boolean;
  readonly color: boolean;
}

const notes = `
zhil.config.ts names kernels, QEMUs, devices and benches; every combination is a machine, and every scenario runs on each:

  import { defineConfig } from "zpci-hil/config";
  export default defineConfig({ kernels: ["lean", "lean/6.12"], qemus: ["newest", "debian/10.0"] });

Interrupted in any way, the same call goes on where it ended. A scenario that failed, or turned since the last night, runs
again: where its answers differ it is flaky. Results go to history.sqlite beside the nights (see "zhil history").

  new failure         it failed every time, and not in the night before
  still failing       it failed in both
  flaky               it failed sometimes tonight
  no answer any more  it is skipped, and was not
  fixed               it failed in the night before, and not once tonight
  differs             both are fine, but by another entry of the ledger
  gone                there is no such scenario any more

With --queue nothing runs here: workers do it ("zhil worker"), and what they leave is put together as ever.

Exits with 1 where a scenario failed, even once; else with 2 where one is in error or a machine could not be had.`;

/** `zhil nightly` */
export const registerNightly: RegisterCommand = (program, context) => {
  program
    .command("nightly")
    .description("Runs scenarios on many kernels and QEMUs, and compares with the night before.")
    .option("--config <file>", "the configuration (default: zhil.config.ts here)")
    .option(
      "--out <dir>",
      "where nights and their history are (default: what the configuration says, else zhil-nights)",
    )
    .addOption(jobsOption())
    .addOption(new Option("--fresh", "begin a new night although the last one is not over").default(false))
    .option("--markdown <file>", "write the summary as Markdown as well")
    .option("--html <file>", "write the report there as well as into the night's folder")
    .option("--plan <file>", "run a part of what zhil plan planned; it leaves part-N.json for zhil merge")
    .option("--shard <n>", "which part", Number)
    .option("--queue <url>", "have zhil worker perform it, wherever there is one: redis://HOST:PORT or unix:/PATH")
    .option("--json", "night and comparison as one JSON object on standard output; the rest on standard error", false)
    .option("--no-color", "no colours")
    .addHelpText("after", notes)
    .action(async (flags: NightlyFlags) => {
      context.exit(await nightly(flags, context));
    });
};

async function nightly(flags: NightlyFlags, { io, services }: CommandContext): Promise<ExitCode> {
  const people = flags.json ? io.stderr : io.stdout;
  const screen = createScreen(people, wantsColours(people, io.environment, flags.color));
  for (const name of ["ZHIL_KERNEL", "ZHIL_QEMU"]) {
    if (readVariable(io, name) === null) continue;
    throw new UsageError({ what: `Cannot run a night with ${name} set: its configuration names kernels and QEMUs` });
  }
  const ledger = await services.readLedger();
  const night = await openNight(flags, io.workingFolder);
  const { config } = night;
  const part = await readPart(flags, io.workingFolder);
  const markdown = flags.markdown === undefined ? null : resolve(io.workingFolder, flags.markdown);
  // No summary of an earlier night is taken for this one's.
  if (markdown !== null) await write(markdown, "### The night did not end\n");
  io.interrupt.addEventListener("abort", () => {
    screen.print("Interrupted: what was had is kept, and the same call goes on from there");
  });
  await using crew = flags.queue === undefined ? null : await openCrew(flags.queue, io.interrupt);
  const end = await runNight({
    ...{ ...night, part, crew, fresh: flags.fresh, signal: io.interrupt, ledger },
    jobs: flags.jobs ?? config.jobs ?? defaultJobs(measureCapacity(), config.boot),
    openBench: services.openBench,
    reporters: () => new ReporterGroup([new LineReporter(screen)]),
    report: showProgress(people, screen),
  });
  if (part !== null) {
    const { plan, shard } = part;
    await writeShardFile(resolve(io.workingFolder, `part-${shard}.json`), { plan, shard, result: end.result });
  }
  const { folder } = end.night;
  if (listMachineFolders(folder).length > 0) {
    // A part knows of no nights before.
    const history = part === null ? await readNightHistory(night.out, io) : null;
    const source = { folders: [folder], ledger, history, workingFolder: io.workingFolder };
    const report = join(folder, reportName);
    await writeReport(source, await services.readPageParts(), report);
    if (flags.html !== undefined) await keepCopy(report, resolve(io.workingFolder, flags.html));
  }
  return await tell(end, flags, { io, screen, markdown });
}

/** Puts a night's report where its reader looks for it, whichever night it is of. */
async function keepCopy(report: string, file: string): Promise<void> {
  try {
    await mkdir(dirname(file), { recursive: true });
    await copyFile(report, file);
  } catch (cause) {
    throw new InfrastructureError({ what: `Cannot write the report "${file}"`, cause });
  }
}

/** Workers at a queue. Whoever has no queue does not load what talks to it. */
async function openCrew(queue: string, signal: AbortSignal): Promise<Crew & AsyncDisposable> {
  const { parseQueueAddress } = await import("../../queue/address.ts");
  const crew = await import("../../queue/crew.ts");
  return crew.openCrew(parseQueueAddress(queue), signal);
}

/** The part of a plan that the options ask for; null where they ask for no part. */
async function readPart(
  { plan: file, shard }: NightlyFlags,
  workingFolder: string,
): Promise<(NightPart & { readonly plan: string; readonly shard: number }) | null> {
  if (file === undefined && shard === undefined) return null;
  if (file === undefined || shard === undefined) {
    throw new UsageError({ what: "Cannot run a part of a night without both --plan and --shard" });
  }
  const plan = await readShardFile(resolve(workingFolder, file), shardPlanSchema, "plan");
  const own = plan.shards.find((each) => each.shard === shard);
  if (own === undefined) {
    throw new UsageError({ what: `No part ${shard} in "${file}": it has ${plan.shards.length}` });
  }
  const units = new Map(Object.entries(own.machines).map(([machine, names]) => [machine, new Set(names)]));
  return { name: `${plan.digest} ${shard}`, units, before: null, plan: plan.digest, shard };
}

async function tell(
  { night, result, comparison }: NightEnd,
  flags: NightlyFlags,
  {
    io,
    screen,
    markdown,
  }: Pick<CommandContext, "io"> & {
    readonly screen: ReturnType<typeof createScreen>;
    readonly markdown: string | null;
  },
): Promise<ExitCode> {
  printNight(result, comparison, screen);
  screen.print(screen.paint("faint", `evidence: ${night.folder}`));
  if (flags.json) io.stdout.write(formatJsonLine({ ...result, comparison }));
  if (markdown !== null) await write(markdown, formatNight(result, comparison));
  return exitCodeOfNight(result);
}

async function write(file: string, text: string): Promise<void> {
  await writeFile(file, text).catch((cause: unknown) => {
    throw new InfrastructureError({ what: `Cannot write the summary "${file}"`, cause });
  });
}
