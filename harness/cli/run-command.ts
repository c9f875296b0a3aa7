/** What `zhil run` does. */
import { randomInt } from "node:crypto";
import { relative, resolve } from "node:path";
import type { Scenario } from "../../src/scenario/scenario.ts";
import type { HostBackend } from "../../src/trace/host-view.ts";
import { locateQemu } from "../assets/fetch-qemu.ts";
import type { ReportProgress } from "../assets/progress.ts";
import { describeError } from "../errors/describe-error.ts";
import { UsageError } from "../errors/harness-error.ts";
import { keepDurations, readDurations } from "../evidence/durations.ts";
import { createRunFolder } from "../evidence/runs-folder.ts";
import { locateKernel } from "../kernel/debian-name.ts";
import { quoteForShell } from "../qemu/quote-for-shell.ts";
import { escapeLines } from "../report/escape.ts";
import { FileReporter, type FileReport } from "../report/file-reporter.ts";
import { HtmlReporter } from "../report/html-reporter.ts";
import { JsonReporter } from "../report/json-reporter.ts";
import { defaultOrigin, originPattern } from "../report/kcidb.ts";
import { LineReporter } from "../report/line-reporter.ts";
import { ReporterGroup, type BrokenReporter } from "../report/reporter.ts";
import { createScreen, wantsColours } from "../report/screen.ts";
import { TableReporter } from "../report/table-reporter.ts";
import type { Bench, BenchChoice } from "../run/bench.ts";
import type { BenchName } from "../run/bench-names.ts";
import type { BootKind } from "../run/boot-kinds.ts";
import { seedLimit, type Order, type orderNames } from "../run/order.ts";
import type { RunContext } from "../run/run-context.ts";
import { runSuite } from "../run/run-suite.ts";
import { defaultJobs } from "../run/schedule.ts";
import { measureCapacity } from "../run/measure-capacity.ts";
import { selectScenarios } from "../scenarios/select-scenarios.ts";
import type { CommandContext } from "./command.ts";
import { exitCodeOf, type ExitCode } from "./exit-code.ts";
import { failNthCommand } from "./fail-nth-command.ts";
import { readVariable, type Io } from "./io.ts";
import { readSelection, type SelectionFlags } from "./options.ts";
import { printPlans } from "./print-plans.ts";
import { readDomain } from "./read-domain.ts";
import { readRealHost } from "./read-real-host.ts";
import { showProgress } from "./show-progress.ts";

/** The options of `zhil run`, as commander hands them over. */
export interface RunFlags extends SelectionFlags {
  readonly bench: BenchName;
  readonly kernel?: string;
  readonly qemu?: string;
  readonly as?: string;
  readonly boot: BootKind;
  readonly domain?: string;
  readonly backend?: HostBackend;
  readonly config?: string;
  readonly jobs?: number;
  readonly order?: (typeof orderNames)[number];
  readonly orderSeed?: number;
  readonly out: string;
  /** Whether that folder is gone when the run is over. */
  readonly passing?: true;
  readonly junit?: string;
  readonly report: readonly FileReport[];
  readonly json?: true;
  readonly keep?: true;
  readonly dryRun?: true;
  readonly failNth?: string | true;
  readonly color: boolean;
}

/**
 * Runs what was asked for.
 * @throws {HarnessError} where nothing could be run at all
 */
export async function runCommand(
  names: readonly string[],
  flags: RunFlags,
  { io, services }: Omit<CommandContext, "exit">,
): Promise<ExitCode> {
  if (flags.bench === "lpar" && flags.failNth !== undefined) {
    throw new UsageError({ what: 'Cannot use --fail-nth on bench "lpar": its kernel is others\' as well' });
  }
  if (flags.as !== undefined && flags.failNth !== undefined) {
    throw new UsageError({ what: "Cannot use --as with --fail-nth: no scenario gets a verdict" });
  }
  const json = flags.json === true;
  const people = json ? io.stderr : io.stdout;
  const screen = createScreen(people, wantsColours(people, io.environment, flags.color));
  const order = chooseOrder(flags);
  const selection = readSelection(names, flags, io.workingFolder);
  const selected = await selectScenarios({ ...selection, forGuests: flags.bench !== "emulated" });
  // Made before anything that can fail: from here on the file says that the run did not end.
  const files = openReports(flags, io);
  const ledger = await services.readLedger();
  await using bench = await services.openBench(await chooseBench(flags, io, showProgress(people, screen)));
  if (flags.dryRun === true) return printPlans(selected, bench, io, json);

  const runs = resolve(io.workingFolder, flags.out);
  const jobs = flags.bench === "lpar" ? 1 : (flags.jobs ?? defaultJobs(measureCapacity(), flags.boot));
  const context: RunContext = {
    ...{ bench, ledger, keep: flags.keep === true, signal: io.interrupt, judgedAs: flags.as ?? null },
    runFolder: await createRunFolder(runs, new Date()),
    reproduce: (scenario) => reproduce(scenario, selection.folder, flags, bench),
  };
  if (flags.failNth !== undefined) {
    // Awaited here: the bench ends with this function.
    return await failNthCommand({ ...context, selected, which: flags.failNth, jobs, json }, io, screen);
  }
  const reporters = new ReporterGroup([
    new LineReporter(screen, flags.passing === true),
    ...(json ? [new JsonReporter(io.stdout)] : []),
    ...files,
    new HtmlReporter(services.readPageParts, ledger),
    new TableReporter(screen),
  ]);
  if (order.kind === "random") {
    screen.print(`in a random order, which --order-seed ${order.seed} repeats`);
  }
  const durations = await readDurations(runs);
  const result = await runSuite(selected, { ...context, reporters, order, durations, jobs });
  await keepDurations(runs, result.records);
  for (const broken of reporters.broken) printBroken(broken, io);
  return exitCodeOf(result, reporters.broken);
}

/**
 * Begins the files that were asked for.
 * @throws {UsageError} where there is nothing that such a report could say
 */
function openReports({ bench, junit, report, failNth, dryRun }: RunFlags, io: Io): readonly FileReporter[] {
  const origin = readVariable(io, "ZHIL_KCIDB_ORIGIN") ?? defaultOrigin;
  const wanted: readonly FileReport[] = [
    ...report,
    ...(junit === undefined ? [] : [{ format: "junit", file: junit } as const]),
  ];
  const other = failNth !== undefined ? "--fail-nth" : dryRun === true ? "--dry-run" : null;
  if (other !== null && wanted.length > 0) {
    throw new UsageError({ what: `Cannot use --report or --junit with ${other}: no scenario gets a verdict` });
  }
  if (bench === "model" && wanted.some(({ format }) => format === "kcidb")) {
    throw new UsageError({ what: 'Cannot report bench "model" to KCIDB: no kernel runs on it' });
  }
  if (!originPattern.test(origin)) {
    throw new UsageError({
      what: `Cannot report to KCIDB as "${origin}"`,
      remedy: "Let ZHIL_KCIDB_ORIGIN have lower-case letters, digits and _ alone",
    });
  }
  return wanted.map(
    ({ format, file }) => new FileReporter({ format, file: resolve(io.workingFolder, file), origin }),
  );
}

/** The order that the options ask for; a seed alone asks for a random one. */
function chooseOrder({ order, orderSeed }: RunFlags): Order {
  const kind = order ?? (orderSeed === undefined ? "longest" : "random");
  if (kind === "random") return { kind, seed: orderSeed ?? randomInt(seedLimit) };
  if (orderSeed === undefined) return { kind };
  throw new UsageError({ what: `Cannot use --order-seed with --order ${kind}: that order is no matter of chance` });
}

/**
 * The bench that options ask for.
 * @throws {UsageError} where they contradict each other
 */
export async function chooseBench(
  flags: Pick<RunFlags, "backend" | "bench" | "config" | "kernel" | "qemu" | "boot" | "domain">,
  io: Io,
  report: ReportProgress,
): Promise<BenchChoice> {
  if (flags.bench === "model" && flags.domain !== undefined) {
    throw new UsageError({ what: 'Cannot use --domain on bench "model": it has no machine' });
  }
  if (flags.bench === "model" && (flags.kernel ?? flags.qemu) !== undefined) {
    throw new UsageError({ what: 'Cannot use --kernel or --qemu on bench "model": it boots nothing' });
  }
  if (flags.bench !== "passthrough" && flags.backend !== undefined) {
    throw new UsageError({ what: `Cannot use --backend on bench "${flags.bench}": no guest has a host there` });
  }
  if (flags.bench === "passthrough" && flags.domain !== undefined) {
    throw new UsageError({ what: 'Cannot use --domain on bench "passthrough": its guest is the same for all' });
  }
  if (flags.bench === "passthrough" && flags.boot === "shared") {
    throw new UsageError({
      what: 'Cannot use --boot shared on bench "passthrough": every guest has a host of its own',
    });
  }
  if (flags.bench !== "lpar" && flags.config !== undefined) {
    throw new UsageError({
      what: `Cannot use --config on bench "${flags.bench}": only a real host is described in one`,
    });
  }
  if (flags.bench === "lpar") return chooseHost(flags, io, report);
  const kernel = flags.kernel ?? readVariable(io, "ZHIL_KERNEL");
  const qemu = flags.qemu ?? readVariable(io, "ZHIL_QEMU");
  return {
    name: flags.bench,
    kernel: kernel === null ? null : locateKernel(kernel, io.workingFolder),
    qemu: qemu === null ? null : locateQemu(qemu, io.workingFolder),
    boot: flags.boot,
    ...(flags.domain === undefined ? {} : { domain: await readDomain(flags.domain, io, report) }),
    ...(flags.backend === undefined ? {} : { backend: flags.backend }),
    report,
    signal: io.interrupt,
  };
}

/** A real host has its own kernel, and its own life. */
async function chooseHost(
  flags: Pick<RunFlags, "config" | "kernel" | "qemu" | "boot" | "domain">,
  io: Io,
  report: ReportProgress,
): Promise<BenchChoice> {
  const { kernel, qemu, domain, boot } = flags;
  const other =
    kernel !== undefined ? "--kernel" : qemu !== undefined ? "--qemu" : domain !== undefined ? "--domain" : null;
  if (other !== null || boot !== "clone") {
    throw new UsageError({ what: `Cannot use ${other ?? "--boot"} on bench "lpar": its host runs what it runs` });
  }
  const lpar = await readRealHost(flags.config ?? null, io);
  return { ...{ name: "lpar", kernel: null, qemu: null, boot, lpar, report }, signal: io.interrupt };
}

/** The line that runs a scenario again: by name where it lies in the folder of scenarios, else by its path. */
function reproduce(
  scenario: Pick<Scenario, "name" | "file" | "onDevice">,
  folder: string,
  flags: RunFlags,
  bench: Bench,
): string {
  const inFolder = !relative(folder, resolve(scenario.file)).startsWith("..");
  const where = inFolder && flags.scenarios !== undefined ? ["--scenarios", folder] : [];
  const as = flags.as === undefined ? [] : ["--as", flags.as];
  const { name, file, onDevice } = scenario;
  const what = inFolder ? [name] : [file, ...(onDevice === undefined ? [] : ["--device", onDevice.device])];
  return quoteForShell(["zhil", "run", ...what, ...bench.options, ...as, ...where]);
}

function printBroken({ name, error }: BrokenReporter, io: Io): void {
  const [first = "", ...rest] = describeError(error).flatMap(escapeLines);
  io.stderr.write([`zhil: The report "${name}" broke: ${first}`, ...rest.map((line) => `  ${line}`), ""].join("\n"));
}
