import { locateQemu } from "../../assets/fetch-qemu.ts";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { InvalidArgumentError, Option } from "commander";
import type { Assets } from "../../assets/assets.ts";
import { prepareAssets } from "../../assets/prepare-assets.ts";
import type { BenchmarkRecord } from "../../bench/benchmark-record.ts";
import { fullCounts, quickCounts } from "../../bench/counts.ts";
import { benchmarkExitCode } from "../../bench/exit-code.ts";
import { parts, usualParts, type Part } from "../../bench/measurements.ts";
import { renderBreakdown } from "../../bench/render-breakdown.ts";
import { renderFigures, renderHost, summariseFigures } from "../../bench/render-figures.ts";
import { runBenchmark } from "../../bench/run-benchmark.ts";
import { locateKernel } from "../../kernel/debian-name.ts";
import { describeSeconds } from "../../report/describe-record.ts";
import { formatJsonLine } from "../../report/json-line.ts";
import { createScreen, wantsColours, type Screen } from "../../report/screen.ts";
import type { CommandContext, RegisterCommand } from "../command.ts";
import type { ExitCode } from "../exit-code.ts";
import { readVariable } from "../io.ts";
import { qemuOption } from "../options.ts";
import { showProgress } from "../show-progress.ts";

interface BenchFlags {
  readonly only: readonly Part[];
  readonly quick: boolean;
  readonly check: boolean;
  readonly kernel?: string;
  readonly qemu?: string;
  readonly debian: string;
  readonly json: boolean;
  readonly keep: boolean;
  readonly color: boolean;
}

const notes = `
Parts, in this order:
  thaw      a clone until its agent answers, with 512 MiB and with 4 GiB, in turn with a QEMU that has no machine
  scenario  the smallest scenario (plug, bind, attach, detach, verdict) on a clone, in turn with cold boots of the same
            lean kernel, and, as Debian's kernels have no iommufd, through type1 with cold boots of Debian's
  memory    what a clone that is idle has to itself
  dma       pages that a function of ours writes to a guest's memory in a second
  messages  what part of the orchestrator's time goes into serving functions, in a run of the whole suite
  check     1,000 traces of such a run judged again by "zhil check", and "zhil --help", each from start to end
  runs      100, 300 and 1,000 of the smallest scenario, each on a clone of its own, a job for each core; then 1,000
            with the usual number of jobs: time, verdicts, processes left, memory and CPU time of the orchestrator
  passthrough  only where it is named: a scenario in a guest that has its function from an emulated host, by iommufd and
            by a container, beside a boot of both

Every figure is a median with a tenth of the samples below p10 and above p90, beside a baseline of the same run and the
bar it is to reach; a figure without a bar tells how to read another one. Bars for runs are those of two cores, in
proportion. At the end: where the time goes, phase by phase.

A full run takes about ten minutes and wants the machine for itself. Evidence goes to a temporary folder and is removed,
unless --keep names it.

Exits with 2 where a figure could not be measured; with --check, with 1 where one misses its bar.

Examples:
  zhil bench --quick                       a first look, in two minutes
  zhil bench --only thaw --only memory     what a clone costs
  zhil bench --only passthrough            what a guest on a host costs
  zhil bench --check --json > speed.json   for a machine that watches over speed
  zhil bench --only scenario --kernel arch/s390/boot/bzImage`;

/** `zhil bench` */
export const registerBench: RegisterCommand = (program, context) => {
  program
    .command("bench")
    .description("Measures what is promised about speed, all of it in one run on this machine.")
    .addOption(
      new Option("--only <part>", `measure only this part: ${parts.join(", ")}; repeat for several`)
        .argParser((text: string, earlier: readonly Part[]) => [...earlier, parsePart(text)])
        .default([], "all but passthrough"),
    )
    .option("--quick", "a tenth of the samples: 100 scenarios instead of 1,000", false)
    .option("--check", "exit with 1 where a figure misses its bar", false)
    .option("--kernel <bzImage>", "boot this kernel instead of the prepared one (ZHIL_KERNEL)")
    .addOption(qemuOption())
    .option("--debian <version>", "Debian's kernel to compare with", "6.12")
    .option("--json", "the record as one line of JSON on standard output; the rest on standard error", false)
    .option("--keep", "keep the evidence of the runs, and say where it is", false)
    .option("--no-color", "no colours")
    .addHelpText("after", notes)
    .action(async (flags: BenchFlags) => {
      context.exit(await bench(flags, context));
    });
};

async function bench(flags: BenchFlags, { io, services }: CommandContext): Promise<ExitCode> {
  const people = flags.json ? io.stderr : io.stdout;
  const screen = createScreen(people, wantsColours(people, io.environment, flags.color));
  const report = showProgress(people, screen);
  const signal = io.interrupt;
  const kernel = flags.kernel ?? readVariable(io, "ZHIL_KERNEL");
  const qemu = flags.qemu ?? readVariable(io, "ZHIL_QEMU");
  const prepare = (booted: string | null): Promise<Assets> =>
    prepareAssets({
      ...(booted === null ? {} : { kernel: locateKernel(booted, io.workingFolder) }),
      ...(qemu === null ? {} : { qemu: locateQemu(qemu, io.workingFolder) }),
      ...{ report, signal },
    });
  const debian = `debian/${flags.debian}`;
  const record = await runBenchmark({
    ...{ report, signal, quick: flags.quick },
    assets: await prepare(kernel),
    ledger: await services.readLedger(),
    program: process.argv[1] ?? "",
    parts: flags.only.length === 0 ? usualParts : flags.only,
    counts: flags.quick ? quickCounts : fullCounts,
    debian: { name: debian, prepare: () => prepare(debian) },
    evidence: flags.keep ? await mkdtemp(join(tmpdir(), "zhil-bench-")) : null,
  });
  printRecord(record, screen);
  if (flags.json) io.stdout.write(formatJsonLine(record));
  return benchmarkExitCode(record.figures, flags.check);
}

function parsePart(text: string): Part {
  const part = parts.find((each) => each === text);
  if (part === undefined) throw new InvalidArgumentError(`Expected one of ${parts.join(", ")}.`);
  return part;
}

function printRecord(record: BenchmarkRecord, { print, paint }: Screen): void {
  print();
  for (const line of renderHost(record)) print(line);
  print();
  for (const line of renderFigures(record.figures, paint)) print(line);
  for (const breakdown of record.breakdowns) {
    print();
    for (const line of renderBreakdown(breakdown)) print(line);
  }
  print();
  print(`${summariseFigures(record.figures)} in ${describeSeconds(record.seconds)}`);
  if (record.evidence !== null) print(`evidence: ${record.evidence}`);
}
