import { locateQemu } from "../../assets/fetch-qemu.ts";
import { writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import { Argument } from "commander";
import { collectionNames, collections, type CollectionName } from "../../kselftest/collection.ts";
import { readExplanations } from "../../kselftest/explanations.ts";
import { formatTestsAsJunit, printCase, printSummary } from "../../report/kselftest-report.ts";
import { listCases, runKselftests, selectCases, type TestRunResult } from "../../kselftest/run-kselftests.ts";
import { locateKernel } from "../../kernel/debian-name.ts";
import { formatJsonLine } from "../../report/json-line.ts";
import { createScreen, wantsColours } from "../../report/screen.ts";
import { measureCapacity } from "../../run/measure-capacity.ts";
import { defaultJobs } from "../../run/schedule.ts";
import type { CommandContext, RegisterCommand } from "../command.ts";
import type { ExitCode } from "../exit-code.ts";
import { readVariable } from "../io.ts";
import { jobsOption, qemuOption } from "../options.ts";
import { showProgress } from "../show-progress.ts";

interface KselftestFlags {
  readonly case: readonly string[];
  readonly kernel?: string;
  readonly qemu?: string;
  readonly source?: string;
  readonly jobs?: number;
  readonly junit?: string;
  readonly list: boolean;
  readonly json: boolean;
  readonly color: boolean;
}

const notes = `
The tests are built from the source of the kernel they run on (tools/testing/selftests), statically, and kept in the cache. Every
case gets a kernel of its own, as scenarios do: a panic, a hang or a leak of one is none of another's.

  pass    it passed, and the kernel said nothing alarming
  known   it failed or was skipped as fixtures/kselftest explains
  skip    it was skipped, and nothing explains that
  fail    it failed, and nothing explains that; or the kernel warned, panicked or hung
  error   no answer was had

An explanation of what did not happen is reported as stale. Exits with 1 where a case failed, else with 2 where one is in
error, the run was interrupted, or nothing ran.

Examples:
  zhil kselftest iommu                              all of them
  zhil kselftest iommu --list                       what there is
  zhil kselftest iommu --case "iommufd_ioas.*"      some
  zhil kselftest iommu --kernel lean/kasan          on a kernel that watches its memory
  zhil kselftest iommu --kernel arch/s390/boot/bzImage --source .`;

/** `zhil kselftest` */
export const registerKselftest: RegisterCommand = (program, context) => {
  program
    .command("kselftest")
    .description(
      "Runs the kernel's own tests, each case on a pristine kernel, and explains those that fail on s390x.",
    )
    .addArgument(new Argument("<collection>", "which tests").choices(collectionNames))
    .option(
      "--case <name>",
      'a case, by name or glob ("iommufd_ioas.*", quoted); repeat for more (default: all)',
      (value: string, earlier: readonly string[]) => [...earlier, value],
      [],
    )
    .option("--kernel <bzImage>", "boot this kernel instead of the prepared one, as zhil run takes it (ZHIL_KERNEL)")
    .option("--source <dir>", "take the tests from this kernel source instead of the prepared kernel's")
    .addOption(qemuOption())
    .addOption(jobsOption("cases"))
    .option("--list", "say which cases there are, and run none", false)
    .option("--junit <file>", "write a JUnit report as well")
    .option("--json", "one JSON record per case and line on standard output; the rest on standard error", false)
    .option("--no-color", "no colours")
    .addHelpText("after", notes)
    .action(async (name: CollectionName, flags: KselftestFlags) => {
      context.exit(await kselftest(name, flags, context));
    });
};

async function kselftest(
  name: CollectionName,
  flags: KselftestFlags,
  { io, services }: CommandContext,
): Promise<ExitCode> {
  const people = flags.json ? io.stderr : io.stdout;
  const screen = createScreen(people, wantsColours(people, io.environment, flags.color));
  const collection = collections[name];
  const signal = io.interrupt;
  const explanations = await readExplanations(collection.explanations);
  const junit = flags.junit === undefined ? null : resolve(io.workingFolder, flags.junit);
  // From the start on it says that the run did not end: no report of an earlier one is taken for its own.
  const unended = { records: [], missing: ["the run did not end"], seconds: 0 };
  if (junit !== null) await writeFile(junit, `${formatTestsAsJunit(name, unended, null)}\n`);
  const kernel = flags.kernel ?? readVariable(io, "ZHIL_KERNEL");
  const qemu = flags.qemu ?? readVariable(io, "ZHIL_QEMU");
  await using bench = await services.openTestBench({
    collection,
    kernel: kernel === null ? null : locateKernel(kernel, io.workingFolder),
    qemu: qemu === null ? null : locateQemu(qemu, io.workingFolder),
    source: flags.source === undefined ? null : resolve(io.workingFolder, flags.source),
    report: showProgress(people, screen),
    signal,
  });
  const cases = selectCases(await listCases(bench, collection, signal), flags.case);
  if (flags.list) {
    for (const each of cases) io.stdout.write(flags.json ? formatJsonLine(each) : `${each.name}\n`);
    return 0;
  }
  const jobs = Math.min(cases.length, flags.jobs ?? defaultJobs(measureCapacity(), "clone"));
  screen.print(`${cases.length} cases of ${name} on ${bench.title}, ${jobs} at a time`);
  const running = new Set<string>();
  const showRunning = (): void => {
    screen.status(`running ${[...running].join(", ")}`);
  };
  const result = await runKselftests(cases, {
    ...{ collection, bench, explanations, jobs, signal },
    onStart: (started) => {
      running.add(started);
      showRunning();
    },
    onEnd: (record) => {
      running.delete(record.case);
      printCase(record, screen);
      if (flags.json) io.stdout.write(formatJsonLine(record));
      showRunning();
    },
  });
  screen.status(null);
  printSummary(result, screen);
  if (junit !== null) await writeFile(junit, `${formatTestsAsJunit(name, result, bench)}\n`);
  return exitCodeOfTests(result);
}

function exitCodeOfTests({ records, missing, interrupted }: TestRunResult): ExitCode {
  const verdicts = new Set(records.map(({ verdict }) => verdict));
  if (verdicts.has("fail")) return 1;
  return verdicts.has("error") || verdicts.size === 0 || missing.length > 0 || interrupted ? 2 : 0;
}
