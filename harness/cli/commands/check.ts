import { relative, resolve } from "node:path";
import { checkAll } from "../../check/check-all.ts";
import type { CheckedTrace } from "../../check/check-trace.ts";
import { findTraces } from "../../check/find-traces.ts";
import { describeDifference } from "../../report/describe-record.ts";
import { escapeLine } from "../../report/escape.ts";
import { formatJsonLine } from "../../report/json-line.ts";
import { verdictShade } from "../../report/paint.ts";
import { createScreen, wantsColours, type Screen } from "../../report/screen.ts";
import type { RegisterCommand } from "../command.ts";

interface CheckFlags {
  readonly json?: true;
  readonly color: boolean;
}

const notes = `
Nothing is booted, and nothing but the traces is looked at: what they were recorded on, what was asked, what was observed. They
may come from another machine, and from an older version of zhil (docs/traces.md).

Exits with 1 where a trace fails, else with 2 where one cannot be read or followed.

Examples:
  zhil check zhil-runs/latest      every trace of the last run
  zhil check sent-by-somebody.ndjson --json`;

/** `zhil check` */
export const registerCheck: RegisterCommand = (program, { io, services, exit }) => {
  program
    .command("check")
    .description("Judges recorded traces by today's model and ledger, without any machine.")
    .argument("[path...]", "traces, or folders with traces anywhere in them (default: zhil-runs/latest)")
    .option("--json", "one JSON object per trace and line")
    .option("--no-color", "no colours")
    .addHelpText("after", notes)
    .action(async (paths: string[], flags: CheckFlags) => {
      const screen = createScreen(io.stdout, wantsColours(io.stdout, io.environment, flags.color));
      const began = performance.now();
      const counts = { pass: 0, known: 0, fail: 0, unreadable: 0 };
      const traces: string[] = [];
      for (const path of paths.length === 0 ? ["zhil-runs/latest"] : paths)
        traces.push(...(await findTraces(resolve(io.workingFolder, path))));
      for await (const checked of checkAll(traces, services.readLedger, io.interrupt)) {
        if ("unreadable" in checked) {
          counts.unreadable += 1;
          io.stderr.write(`zhil: ${checked.unreadable.map(escapeLine).join("\n  ")}\n`);
          continue;
        }
        counts[checked.verdict] += 1;
        if (flags.json === true) io.stdout.write(formatJsonLine(describe(checked)));
        else printTrace(checked, relative(io.workingFolder, checked.path), screen);
      }
      const spent = ((performance.now() - began) / 1000).toFixed(2);
      if (flags.json !== true) {
        const unreadable = counts.unreadable === 0 ? "" : `, ${counts.unreadable} unreadable`;
        screen.print(`${counts.pass} pass, ${counts.fail} fail, ${counts.known} known${unreadable} in ${spent} s`);
      }
      exit(counts.fail > 0 ? 1 : counts.unreadable > 0 ? 2 : 0);
    });
};

/** What a program may want to know of a trace. */
const describe = ({
  path,
  scenario,
  verdict,
  recorded,
  known,
  stale,
  caveats,
  differences,
}: CheckedTrace): unknown => ({
  trace: path,
  ...{ scenario, verdict, recorded, known, stale, caveats, differences },
});

function printTrace(
  { verdict, known, stale, recorded, differences }: CheckedTrace,
  path: string,
  { print, paint }: Screen,
): void {
  // Where the machine broke after its answers, the answers are judged all the same.
  const changed = recorded === null || recorded === verdict ? "" : `  (was ${recorded})`;
  if (verdict === "pass" && changed === "" && stale.length === 0) return;
  print(`${paint(verdictShade[verdict], verdict.padEnd(5))} ${escapeLine(path)}${escapeLine(changed)}`);
  const [first] = differences.filter((each) => each.verdict === "fail");
  if (first !== undefined) print(paint("faint", `      ${describeDifference(first)}`));
  else if (known.length > 0) print(paint("faint", `      ${known.join(", ")}`));
  for (const entry of stale) print(paint("odd", `      stale: "${entry}" was due and did not show`));
}
