/** A night as Markdown: what a job's summary or a mail's first screen has. */
import { changeKinds, type Comparison } from "../nightly/compare-nights.ts";
import type { NightResult } from "../nightly/night-result.ts";
import { describeSeconds } from "./describe-record.ts";
import { escapeLine } from "./escape.ts";
import { code } from "./markdown.ts";
import { countUnits, headlineOf, shareChanges } from "./night-report.ts";
import { shorten } from "./screen.ts";

const listed = 50;
const longestReason = 200;

/** A night as Markdown. */
export function formatNight(result: NightResult, comparison: Comparison): string {
  const changes = changeKinds.flatMap((kind) =>
    shareChanges(comparison.changes.filter((change) => change.kind === kind)),
  );
  const rest = changes.length - listed;
  return [
    `### ${headlineOf(result, comparison)}`,
    "",
    "| machine | kernel | QEMU | pass | known | flaky | fail | error | skip | time |",
    "|---|---|---|--:|--:|--:|--:|--:|--:|--:|",
    ...result.machines.map((machine) => {
      const { pass, known, flaky, fail, error, skip } = countUnits(machine);
      const ran = [machine.ran?.kernel.version ?? "", machine.ran?.qemu.version ?? ""].map(code);
      const cells = [
        code(machine.name),
        ...ran,
        pass,
        known,
        flaky,
        fail,
        error,
        skip,
        describeSeconds(machine.seconds),
      ];
      return `| ${cells.join(" | ")} |`;
    }),
    ...comparison.lost.flatMap(({ machine, problem }) => ["", `No answer of ${code(machine)}: ${code(problem)}`]),
    ...(changes.length === 0 ? [] : ["", "| | scenario | on | |", "|---|---|---|---|"]),
    ...changes.slice(0, listed).map(({ kind, scenario, machines, why }) => {
      const [first = "", ...others] = machines;
      const where = `${code(first)}${others.length === 0 ? "" : ` and ${others.length} more`}`;
      return `| ${kind} | ${code(scenario)} | ${where} | ${code(shorten(escapeLine(why), longestReason))} |`;
    }),
    ...(rest > 0 ? ["", `and ${rest} more`] : []),
    "",
  ].join("\n");
}
