import { relative, resolve } from "node:path";
import { findScenarioFolders, readEvidence, type ScenarioEvidence } from "../../evidence/read-evidence.ts";
import { escapeLine } from "../../report/escape.ts";
import { formatJsonLine } from "../../report/json-line.ts";
import { verdictShade } from "../../report/paint.ts";
import { createScreen, wantsColours, type Screen } from "../../report/screen.ts";
import { printTimeline } from "../../report/timeline.ts";
import type { RegisterCommand } from "../command.ts";

interface ShowFlags {
  readonly all?: true;
  readonly json?: true;
  readonly color: boolean;
}

/** `zhil show` */
export const registerShow: RegisterCommand = (program, { io }) => {
  program
    .command("show")
    .description(
      "Shows the evidence of a scenario: operations, expectation beside observation, console, how to repeat it.",
    )
    .argument("[dir]", "folder of a scenario, or of a run: then a line per scenario", "zhil-runs/latest")
    .option("--all", "every observation in full, not only what differs")
    .option("--json", "one JSON object per scenario and line: record, trace and judgement")
    .option("--no-color", "no colours")
    .action(async (dir: string, flags: ShowFlags) => {
      const folders = await findScenarioFolders(resolve(io.workingFolder, dir));
      const screen = createScreen(io.stdout, wantsColours(io.stdout, io.environment, flags.color));
      for (const folder of folders) {
        const evidence = await readEvidence(folder);
        if (flags.json === true) io.stdout.write(formatJsonLine(evidence));
        else if (folders.length === 1) printTimeline(evidence, screen, flags.all === true);
        else printLine(evidence, screen, io.workingFolder);
      }
    });
};

function printLine({ record, folder }: ScenarioEvidence, { print, paint }: Screen, from: string): void {
  const verdict =
    record === null ? paint("bad", "none ") : paint(verdictShade[record.verdict], record.verdict.padEnd(5));
  print(`${verdict} ${relative(from, folder)}`);
  if (record?.reason) print(paint("faint", `      ${escapeLine(record.reason)}`));
}
