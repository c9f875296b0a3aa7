/** A night, for people: what they have to know in ten seconds, and then what they may want to know. */
import Table from "cli-table3";
import { changeKinds, type Change, type ChangeKind, type Comparison } from "../nightly/compare-nights.ts";
import { isBad, isFlaky, type MachineResult, type NightResult } from "../nightly/night-result.ts";
import { describeSeconds } from "./describe-record.ts";
import { escapeLine } from "./escape.ts";
import type { Shade } from "./paint.ts";
import { shorten, type Screen } from "./screen.ts";

/** Scenarios of a kind that are listed; the history and the evidence have all. */
const listed = 15;
const longestReason = 300;

/** How each kind of change is shown. */
const shades: Readonly<Record<ChangeKind, Shade>> = {
  "new failure": "bad",
  "still failing": "bad",
  flaky: "odd",
  "no answer any more": "odd",
  fixed: "good",
  differs: "odd",
  gone: "faint",
};

/** A change, and every machine that has it. */
interface SharedChange extends Change {
  readonly machines: readonly string[];
}

/** Prints a night: what changed in one line, a row for each machine, then each change. */
export function printNight(result: NightResult, comparison: Comparison, screen: Screen): void {
  const { print, paint } = screen;
  print();
  print(paint("strong", headlineOf(result, comparison)));
  printMachines(result, screen);
  for (const { machine, problem } of comparison.lost)
    print(paint("bad", `no answer  ${machine}: ${escapeLine(problem)}`));
  for (const { machine, what } of comparison.replaced) print(paint("faint", `${machine}: ${escapeLine(what)}`));
  for (const kind of changeKinds) {
    const changes = shareChanges(comparison.changes.filter((change) => change.kind === kind));
    for (const { scenario, machines, why, now } of changes.slice(0, listed)) {
      const [first = "", ...others] = machines;
      const where = others.length === 0 ? first : `${first} and ${others.length} more`;
      print(`${paint(shades[kind], kind)}  ${escapeLine(scenario)}  ${paint("faint", where)}`);
      print(`    ${shorten(escapeLine(why), longestReason)}`);
      if (now !== null && (isBad(now.verdict) || isFlaky(now))) print(paint("faint", `    ${now.reproduce}`));
    }
    if (changes.length > listed) print(`    and ${changes.length - listed} more`);
  }
  const slow = comparison.durations.toSorted((a, b) => b.now - b.before - (a.now - a.before));
  for (const { machine, scenario, before, now } of slow.slice(0, listed)) {
    const word = now > before ? "slower" : "faster";
    const times = `${describeSeconds(before)} → ${describeSeconds(now)}`;
    print(`${paint("odd", word)}  ${escapeLine(scenario)}  ${times}  ${paint("faint", machine)}`);
  }
  if (slow.length > listed) print(`    and ${slow.length - listed} more`);
}

/** What a night comes to, in one line. */
export function headlineOf({ night, machines }: NightResult, comparison: Comparison): string {
  const counts = changeKinds.flatMap((kind) => {
    const count = shareChanges(comparison.changes.filter((change) => change.kind === kind)).length;
    if (count === 0) return [];
    return [`${count} ${kind === "new failure" && count > 1 ? "new failures" : kind}`];
  });
  if (comparison.added > 0) counts.push(`${comparison.added} ran for the first time`);
  if (comparison.lost.length > 0)
    counts.push(`${comparison.lost.length} of ${machines.length} machines gave no answer`);
  const against = comparison.against === null ? "the first night" : `against ${comparison.against}`;
  return `Night ${night}, ${against}: ${counts.length === 0 ? "nothing changed, nothing fails" : counts.join(", ")}`;
}

/** The same change of the same scenario is told once, whatever the machines. */
export function shareChanges(changes: readonly Change[]): readonly SharedChange[] {
  const shared = new Map<string, SharedChange>();
  for (const change of changes) {
    const key = `${change.kind} ${change.scenario}`;
    const known = shared.get(key);
    shared.set(key, { ...(known ?? change), machines: [...(known?.machines ?? []), change.machine] });
  }
  return [...shared.values()];
}

const columns = ["pass", "known", "flaky", "fail", "error", "skip"] as const;

/** How many scenarios of a machine came to what. */
export function countUnits({ units }: MachineResult): Readonly<Record<(typeof columns)[number], number>> {
  const counts = { pass: 0, known: 0, flaky: 0, fail: 0, error: 0, skip: 0 };
  for (const unit of units) counts[isFlaky(unit) ? "flaky" : unit.verdict] += 1;
  return counts;
}

function printMachines({ machines }: NightResult, { print, paint, width }: Screen): void {
  const rows = machines.map((machine) => {
    const counts = countUnits(machine);
    const versions =
      machine.ran === null ? "" : `Linux ${machine.ran.kernel.version}, QEMU ${machine.ran.qemu.version}`;
    return { machine, counts, versions };
  });
  // On a narrow terminal, and where there is no room for a table: a line each.
  if (width < 100) {
    for (const { machine, counts } of rows) {
      print(`${machine.name}: ${columns.map((name) => `${counts[name]} ${name}`).join(", ")}`);
    }
    return;
  }
  const table = new Table({
    head: ["machine", "ran", ...columns, "time"],
    chars: { mid: "", "left-mid": "", "mid-mid": "", "right-mid": "" },
    style: { head: [], border: [], "padding-left": 1, "padding-right": 1 },
    colAligns: ["left", "left", ...columns.map(() => "right" as const), "right"],
  });
  for (const { machine, counts, versions } of rows) {
    table.push([
      machine.name,
      escapeLine(versions),
      ...columns.map((name) => paintCount(name, counts[name], paint)),
      describeSeconds(machine.seconds),
    ]);
  }
  print(table.toString());
}

function paintCount(name: (typeof columns)[number], count: number, paint: Screen["paint"]): string {
  if (count === 0) return "0";
  const shade = name === "fail" || name === "error" ? "bad" : name === "flaky" ? "odd" : null;
  return shade === null ? String(count) : paint(shade, String(count));
}
