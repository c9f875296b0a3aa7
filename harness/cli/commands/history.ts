import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { InvalidArgumentError } from "commander";
import { nearestOf } from "../../../src/scenario/nearest.ts";
import { UsageError } from "../../errors/harness-error.ts";
import { withHistory } from "../../nightly/history.ts";
import { historyFile } from "../../nightly/run-night.ts";
import { printHistory } from "../../report/history-report.ts";
import { formatJsonLine } from "../../report/json-line.ts";
import { createScreen, wantsColours } from "../../report/screen.ts";
import type { CommandContext, RegisterCommand } from "../command.ts";
import { showProgress } from "../show-progress.ts";

interface HistoryFlags {
  readonly out: string;
  readonly nights: number;
  readonly json: boolean;
  readonly color: boolean;
}

/** `zhil history` */
export const registerHistory: RegisterCommand = (program, context) => {
  program
    .command("history")
    .description("Shows what a scenario came to night after night, by kernel and QEMU.")
    .argument("<name>", "the scenario")
    .option("--out <dir>", "where nights and their history are", "zhil-nights")
    .option("--nights <n>", "how many nights, the newest", parseNights, 14)
    .option("--json", "one JSON object per result and line, newest first", false)
    .option("--no-color", "no colours")
    .action(async (name: string, flags: HistoryFlags) => {
      await showHistory(name, flags, context);
    });
};

async function showHistory(name: string, flags: HistoryFlags, { io }: CommandContext): Promise<void> {
  const people = flags.json ? io.stderr : io.stdout;
  const screen = createScreen(people, wantsColours(people, io.environment, flags.color));
  const out = resolve(io.workingFolder, flags.out);
  const file = historyFile(out);
  if (!existsSync(file)) {
    throw new UsageError({
      what: `No history in "${out}"`,
      remedy: "Run zhil nightly, or name its folder with --out",
    });
  }
  const place = { file, report: showProgress(people, screen), signal: io.interrupt };
  const { results, known } = await withHistory(place, (history) => ({
    results: history.resultsOf(name, flags.nights),
    known: history.scenarios(),
  }));
  if (results.length === 0) {
    const near = nearestOf(name, known);
    const suggestion = near === null || near === name ? "" : `: did you mean "${near}"?`;
    throw new UsageError({ what: `No result of "${name}" in the last ${flags.nights} nights${suggestion}` });
  }
  if (flags.json) for (const result of results) io.stdout.write(formatJsonLine(result));
  else printHistory(name, results, screen);
}

function parseNights(text: string): number {
  const nights = Number(text);
  if (Number.isInteger(nights) && nights >= 1 && nights <= 100_000) return nights;
  throw new InvalidArgumentError("Expected a number of nights, 1 or more.");
}
