import { relative, resolve } from "node:path";
import { writeReport, reportName } from "../../report/html/write-report.ts";
import type { RegisterCommand } from "../command.ts";

interface ReportFlags {
  readonly output: string;
}

const notes = `
The file has everything in it: it opens from a disk, fetches nothing and can be sent. Several runs become columns of one
table, scenarios by kernels and QEMUs. Every run leaves such a file in its folder, too.

Examples:
  zhil report                                     the last run
  zhil report zhil-runs/2026-11-2* -o week.html   several, side by side
  zhil report zhil-runs/latest/attach-twice       one scenario

A place in a report has an address: report.html#SCENARIO/STEP`;

/** `zhil report` */
export const registerReport: RegisterCommand = (program, { io, services }) => {
  program
    .command("report")
    .description(
      "Writes runs as one HTML file: what failed and why, every scenario's timeline, the model's state at each step.",
    )
    .argument("[dir...]", "folders of runs, or of scenarios (default: zhil-runs/latest)")
    .option("-o, --output <file>", "the file to write", reportName)
    .addHelpText("after", notes)
    .action(async (dirs: string[], flags: ReportFlags) => {
      const { workingFolder } = io;
      const folders = (dirs.length === 0 ? ["zhil-runs/latest"] : dirs).map((dir) => resolve(workingFolder, dir));
      const file = resolve(workingFolder, flags.output);
      const source = { folders, ledger: await services.readLedger(), workingFolder };
      const size = await writeReport(source, await services.readPageParts(), file);
      io.stdout.write(`${relative(workingFolder, file)}  ${Math.ceil(size / 1024)} KiB\n`);
    });
};
