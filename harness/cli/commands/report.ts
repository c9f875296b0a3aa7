import { existsSync } from "node:fs";
import { relative, resolve } from "node:path";
import type { PageHistory } from "../../../src/report/page-data.ts";
import { UsageError } from "../../errors/harness-error.ts";
import { historyFile } from "../../nightly/run-night.ts";
import { writeReport, reportName } from "../../report/html/write-report.ts";
import type { RegisterCommand } from "../command.ts";
import type { Io } from "../io.ts";
import { readNightHistory } from "../read-night-history.ts";

interface ReportFlags {
  readonly output: string;
  readonly nights?: string;
}

const notes = `
The file has everything in it: it opens from a disk, fetches nothing and can be sent. Several runs become columns of one
table, scenarios by kernels and QEMUs, and so do the machines of a night. Every run and every night leaves such a file in
its folder, too. Where there were nights, the report has what they came to.

Examples:
  zhil report                                     the last run
  zhil report zhil-runs/2026-11-2* -o week.html   several, side by side
  zhil report zhil-runs/latest/attach-twice       one scenario
  zhil report zhil-nights/2026-11-22T02-00-00Z    a night, a column for each machine

A place in a report has an address: report.html#SCENARIO/STEP`;

/** `zhil report` */
export const registerReport: RegisterCommand = (program, { io, services }) => {
  program
    .command("report")
    .description(
      "Writes runs as one HTML file: what failed and why, every scenario's timeline, the model's state at each step.",
    )
    .argument("[dir...]", "folders of runs, of nights, or of scenarios (default: zhil-runs/latest)")
    .option("-o, --output <file>", "the file to write", reportName)
    .option("--nights <dir>", "nights whose history is shown (default: zhil-nights, where there is one)")
    .addHelpText("after", notes)
    .action(async (dirs: string[], flags: ReportFlags) => {
      const { workingFolder } = io;
      const folders = (dirs.length === 0 ? ["zhil-runs/latest"] : dirs).map((dir) => resolve(workingFolder, dir));
      const file = resolve(workingFolder, flags.output);
      const history = await readNights(flags, io);
      const source = { folders, ledger: await services.readLedger(), history, workingFolder };
      const size = await writeReport(source, await services.readPageParts(), file);
      io.stdout.write(`${relative(workingFolder, file)}  ${Math.ceil(size / 1024)} KiB\n`);
    });
};

async function readNights({ nights }: ReportFlags, io: Io): Promise<PageHistory | null> {
  const folder = resolve(io.workingFolder, nights ?? "zhil-nights");
  if (existsSync(historyFile(folder))) return readNightHistory(folder, io);
  if (nights === undefined) return null;
  throw new UsageError({
    what: `No history in "${nights}"`,
    remedy: "Name a folder of nights, or leave --nights out",
  });
}
