import { locateQemu } from "../../assets/fetch-qemu.ts";
import { writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import { prepareAssets } from "../../assets/prepare-assets.ts";
import { holdsBars } from "../../coverage/coverage-record.ts";
import { renderHtml } from "../../coverage/render-html.ts";
import { renderPage } from "../../coverage/render-page.ts";
import { renderDoubts, renderFiles, renderGaps } from "../../coverage/render-text.ts";
import { runCoverage, type CoverageResult } from "../../coverage/run-coverage.ts";
import { createRunFolder } from "../../evidence/runs-folder.ts";
import { formatJsonLine } from "../../report/json-line.ts";
import { LineReporter } from "../../report/line-reporter.ts";
import { ReporterGroup } from "../../report/reporter.ts";
import { createScreen, wantsColours, type Screen } from "../../report/screen.ts";
import { measureCapacity } from "../../run/measure-capacity.ts";
import { defaultJobs } from "../../run/schedule.ts";
import { selectScenarios } from "../../scenarios/select-scenarios.ts";
import type { CommandContext, RegisterCommand } from "../command.ts";
import { exitCodeOf, type ExitCode } from "../exit-code.ts";
import { readVariable } from "../io.ts";
import {
  addSelectionOptions,
  evidenceOption,
  jobsOption,
  nameHelp,
  qemuOption,
  readSelection,
  type SelectionFlags,
} from "../options.ts";
import { showProgress } from "../show-progress.ts";

interface CoverageFlags extends SelectionFlags {
  readonly qemu?: string;
  readonly jobs?: number;
  readonly out: string;
  readonly html?: string;
  readonly page?: string;
  readonly check: boolean;
  readonly all: boolean;
  readonly json: boolean;
  readonly color: boolean;
}

/** The flavour of the kernel that counts. */
const countingKernel = "lean/gcov";

const notes = `
Runs scenarios on the flavour ${countingKernel}, whose drivers count how often each of their lines runs (the first time it is built, in
four minutes). Each clone begins with all counts at nothing and hands out its own at the end. Lines that nothing reached have
a reason in fixtures/coverage/unreached.yaml, or are listed; bars are in fixtures/coverage/bars.yaml.

Exits with 1 where a scenario failed, and with --check where less of a file is reached than its bar asks for, or an unreached
line has no reason; with 2 where scenarios ended in an error.

Examples:
  zhil coverage --check                      everything, against the bars
  zhil coverage --html reached.html          every line, and who reached it
  zhil coverage --tag fault --all            what some scenarios reach; with the reasons for what they do not
  zhil coverage --json | jq '.files[] | {file, lines}'`;

/** `zhil coverage` */
export const registerCoverage: RegisterCommand = (program, context) => {
  const command = program
    .command("coverage")
    .description("Says which lines of the kernel's drivers the scenarios reach.")
    .argument("[name...]", nameHelp);
  addSelectionOptions(command)
    .option("--check", "exit with 1 where a file is below its bar, or a line is not reached for no reason", false)
    .option("--html <file>", "write a page for a browser, with every line and which scenarios reached it")
    .option("--page <file>", "write a page for people who read the documentation, such as docs/coverage.md")
    .option("--all", "list unreached lines that have a reason, too", false)
    .option("--json", "the record as one line of JSON on standard output; the rest on standard error", false)
    .addOption(qemuOption())
    .addOption(jobsOption())
    .addOption(evidenceOption())
    .option("--no-color", "no colours")
    .addHelpText("after", notes)
    .action(async (names: string[], flags: CoverageFlags) => {
      context.exit(await measureCoverage(names, flags, context));
    });
};

async function measureCoverage(
  names: readonly string[],
  flags: CoverageFlags,
  { io, services }: CommandContext,
): Promise<ExitCode> {
  const people = flags.json ? io.stderr : io.stdout;
  const screen = createScreen(people, wantsColours(people, io.environment, flags.color));
  const scenarios = await selectScenarios(readSelection(names, flags, io.workingFolder));
  const qemu = flags.qemu ?? readVariable(io, "ZHIL_QEMU");
  const report = showProgress(people, screen);
  const signal = io.interrupt;
  const chosen = qemu === null ? {} : { qemu: locateQemu(qemu, io.workingFolder) };
  const reporters = new ReporterGroup([new LineReporter(screen)]);
  const result = await runCoverage({
    assets: await prepareAssets({ kernel: countingKernel, ...chosen, report, signal }),
    benchOptions: ["--kernel", countingKernel, ...(chosen.qemu === undefined ? [] : ["--qemu", chosen.qemu])],
    scenarios,
    ledger: await services.readLedger(),
    reporters,
    runFolder: await createRunFolder(resolve(io.workingFolder, flags.out), new Date()),
    jobs: flags.jobs ?? defaultJobs(measureCapacity(), "clone"),
    report,
    signal,
  });
  const { record, sources, run } = result;
  const write = async (file: string | undefined, text: () => string): Promise<void> => {
    if (file !== undefined) await writeFile(resolve(io.workingFolder, file), text());
  };
  await write(flags.html, () => renderHtml(record, sources));
  await write(flags.page, () => renderPage(record));
  printResult(result, flags.all, screen);
  if (flags.json) io.stdout.write(formatJsonLine(record));
  const code = exitCodeOf(run, reporters.broken);
  if (code !== 0 || !flags.check) return code;
  return holdsBars(record) ? 0 : 1;
}

function printResult({ record }: CoverageResult, all: boolean, { print, paint }: Screen): void {
  for (const line of renderGaps(record.files, all, paint)) print(line);
  print();
  for (const line of renderFiles(record.files, paint)) print(line);
  for (const line of renderDoubts(record)) print(line);
}
