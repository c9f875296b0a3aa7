import { compareColumns, type DifferingRow, type DifferingStep } from "../../../src/compare/compare-traces.ts";
import type { Operation } from "../../../src/operation/operation.ts";
import { openComparisons, type Comparison } from "../../check/open-columns.ts";
import { describeExpected, describeObserved } from "../../report/describe-record.ts";
import { describeOperation } from "../../report/describe-operation.ts";
import { escapeLine } from "../../report/escape.ts";
import { formatJsonLine } from "../../report/json-line.ts";
import { createScreen, wantsColours, type Screen } from "../../report/screen.ts";
import type { RegisterCommand } from "../command.ts";

interface CompareFlags {
  readonly all?: true;
  readonly json?: true;
  readonly color: boolean;
}

const notes = `
Each of them is a trace, a folder of a scenario or of a run, or the word "model": the contract, for what the first trace was recorded
on. Scenarios of runs are paired by name. The first differing step of each is shown, what the first of them has before what the
others have.

Exits with 1 where they differ.

Examples:
  zhil compare model zhil-runs/latest/attach-twice
  zhil compare model qemu-run lpar-run --all`;

/** `zhil compare` */
export const registerCompare: RegisterCommand = (program, { io, exit }) => {
  program
    .command("compare")
    .description("Lays recorded traces side by side, of kernels, hypervisors and machines, first difference first.")
    .argument("<a>", 'a trace, a folder of traces, or "model"')
    .argument("<b>", "the same")
    .argument("[c...]", "more of them")
    .option("--all", "every differing step, not only the first")
    .option("--json", "one JSON object per scenario and line")
    .option("--no-color", "no colours")
    .addHelpText("after", notes)
    .action(async (a: string, b: string, more: string[], flags: CompareFlags) => {
      const { comparisons, missing } = await openComparisons([a, b, ...more], io.workingFolder);
      const screen = createScreen(io.stdout, wantsColours(io.stdout, io.environment, flags.color));
      let differing = 0;
      for (const comparison of comparisons) {
        const steps = compareColumns(comparison.columns);
        if (steps.length > 0) differing += 1;
        if (flags.json === true) io.stdout.write(formatJsonLine(describe(comparison, steps)));
        else if (steps.length > 0)
          printComparison(comparison, flags.all === true ? steps : steps.slice(0, 1), steps.length, screen);
      }
      if (flags.json !== true) {
        for (const name of missing) screen.print(screen.paint("faint", `not in all of them: ${escapeLine(name)}`));
        screen.print(`${comparisons.length - differing} alike, ${differing} differ`);
      }
      exit(differing > 0 ? 1 : 0);
    });
};

const describe = ({ scenario, columns }: Comparison, steps: readonly DifferingStep[]): unknown => ({
  scenario,
  columns: columns.map(({ name }) => name),
  steps: steps.map(({ step, rows, departed }) => ({
    ...{ step, departed },
    rows: rows.map(({ path, first, others }) => ({
      path,
      values: [first, ...others.map((each) => each?.value ?? null)],
    })),
  })),
});

function printComparison(
  { scenario, columns }: Comparison,
  steps: readonly DifferingStep[],
  total: number,
  { print, paint }: Screen,
): void {
  print(paint("strong", escapeLine(scenario)));
  for (const { step, rows, departed } of steps) {
    const operation = columns.map(({ steps: all }) => all[step - 1]?.operation).find((each) => each !== undefined);
    print(
      `${String(step).padStart(4)}  ${operation === undefined ? "" : describeOperation(JSON.parse(operation) as Operation)}`,
    );
    for (const row of rows)
      printRow(
        row,
        columns.map(({ name }) => name),
        { print, paint },
      );
    for (const name of departed)
      print(paint("odd", `      ${escapeLine(name)} did something else from here on, or nothing`));
  }
  if (total > steps.length) print(paint("faint", `      and ${total - steps.length} steps more: --all`));
}

function printRow(
  { path, first, others }: DifferingRow,
  [name = "", ...names]: readonly string[],
  { print, paint }: Pick<Screen, "print" | "paint">,
): void {
  const width = Math.min(60, Math.max(name.length, ...names.map((each) => each.length)));
  print(`    ≠ ${escapeLine(path)}`);
  print(`        ${escapeLine(name).padEnd(width)}  ${escapeLine(describeExpected(first))}`);
  others.forEach((each, index) => {
    const text = each === null ? paint("faint", "as the first") : paint("bad", describeObserved(each.value));
    print(`        ${escapeLine(names[index] ?? "").padEnd(width)}  ${text}`);
  });
}
