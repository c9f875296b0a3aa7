/** A scenario's history: a line for each machine, a column for each night. */
import { markOf, nightMarks } from "../../src/report/night-mark.ts";
import type { PastResult } from "../nightly/history.ts";
import { isBad, isFlaky } from "../nightly/night-result.ts";
import { describeSeconds } from "./describe-record.ts";
import { escapeLine } from "./escape.ts";
import { verdictShade, type Shade } from "./paint.ts";
import { shorten, type Screen } from "./screen.ts";

const longestReason = 300;

/** Prints a scenario's results, the newest night last; then why it is bad where it is. */
export function printHistory(scenario: string, results: readonly PastResult[], screen: Screen): void {
  const { print, paint } = screen;
  const nights = [...new Set(results.map(({ night }) => night))].reverse();
  const machines = [...new Set(results.map(({ machine }) => machine))];
  print(paint("strong", `${escapeLine(scenario)}, ${nights.length} night${nights.length === 1 ? "" : "s"}`));
  print(`oldest ${nights[0] ?? ""}, newest ${nights.at(-1) ?? ""}`);
  const width = Math.max(...machines.map((machine) => machine.length));
  for (const machine of machines) {
    const own = new Map(results.filter((each) => each.machine === machine).map((each) => [each.night, each]));
    const marks = nights.map((night) => drawMark(own.get(night) ?? null, paint)).join("");
    const newest = [...own.values()][0];
    const versions = `Linux ${newest?.kernel ?? "?"} on QEMU ${newest?.qemu ?? "?"}`;
    print(
      `${machine.padEnd(width)}  ${marks}  ${describeSeconds(newest?.unit.seconds ?? 0)}  ${escapeLine(versions)}`,
    );
  }
  const legend = Object.entries(nightMarks).map(([mark, word]) => `${mark === " " ? "(blank)" : mark} ${word}`);
  print(paint("faint", legend.join("  ")));
  for (const { night, machine, unit } of results.filter((each) => isBad(each.unit.verdict)).slice(0, 5)) {
    print(`${night}  ${machine}  ${unit.attempts.join(", ")}`);
    print(`    ${shorten(escapeLine(unit.reason ?? unit.verdict), longestReason)}`);
  }
}

function drawMark(result: PastResult | null, paint: Screen["paint"]): string {
  if (result === null) return " ";
  const { unit } = result;
  const shade: Shade = isFlaky(unit) ? "odd" : verdictShade[unit.verdict];
  return paint(shade, markOf(isFlaky(unit) ? "flaky" : unit.verdict));
}
