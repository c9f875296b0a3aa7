/** Mutants for people: a line as each is decided, and what it all came to. */
import { describeDifference, describeSeconds } from "../report/describe-record.ts";
import { escapeLine } from "../report/escape.ts";
import type { Shade } from "../report/paint.ts";
import { shorten, type Screen } from "../report/screen.ts";
import { fates, type Fate, type Kill, type MutantRecord } from "./mutant-record.ts";
import type { MutantProgress, MutantRunResult } from "./run-mutants.ts";

const shades: Readonly<Record<Fate, Shade>> = {
  killed: "good",
  survived: "bad",
  unclear: "bad",
  broken: "bad",
  unbuilt: "bad",
};
const fateWidth = 8;
/** Most of a reason that is shown; the record has all of it. */
const longestReason = 400;

/** Shows progress on a screen: a row as each mutant is decided, and meanwhile what is done. */
export function showMutantProgress(screen: Screen, names: readonly string[]): (progress: MutantProgress) => void {
  const { print, paint, status } = screen;
  const nameWidth = Math.max(...names.map((name) => name.length), "mutant".length);
  let place = "";
  return (progress) => {
    switch (progress.kind) {
      case "baseline":
        print(`${progress.scenarios} scenarios on the unpatched kernel first (${progress.bench})`);
        return;
      case "unfit": {
        const { scenario, verdict, reason } = progress.record;
        print(
          paint("odd", `cannot kill: ${scenario} ends in ${verdict} without any mutant: ${escapeLine(reason ?? "")}`),
        );
        return;
      }
      case "building":
      case "booting":
        place = `[${progress.index}/${progress.count}] ${progress.mutant}`;
        status(`${place}: ${progress.kind}`);
        return;
      case "running":
        status(`${progress.mutant === null ? "unpatched" : place}: ${progress.scenario}`);
        return;
      case "decided":
        status(null);
        printRow(progress.record, nameWidth, screen);
    }
  };
}

function printRow(record: MutantRecord, nameWidth: number, { print, paint }: Screen): void {
  const { mutant, fate, kills, reason, seconds } = record;
  const [first, ...others] = kills;
  const what = first === undefined ? (reason ?? "") : `by ${describeKill(first)}`;
  const more = others.length === 0 ? "" : ` (and by ${others.length} more)`;
  const took = `${describeSeconds(seconds.build)} to build, ${describeSeconds(seconds.run)} to run`;
  print(
    `${paint(shades[fate], fate.padEnd(fateWidth))}  ${paint("strong", mutant.padEnd(nameWidth))}  ` +
      `${shorten(escapeLine(what), longestReason)}${more} ${paint("faint", `(${took})`)}`,
  );
  if (record.asExpected === false) {
    print(
      paint("odd", `${"".padEnd(fateWidth)}  none of its killers has an expected tag (${record.tags.join(", ")})`),
    );
  }
  if (fate !== "killed") print(`${"".padEnd(fateWidth)}  breaks: ${record.breaks}`);
}

/** A kill on one line: `replace-populated-ioas, step 5 dma-write: memory.q[0]: expected …, observed …`. */
export function describeKill({ scenario, operation, ...kill }: Kill): string {
  if (operation === "") return scenario;
  return `${scenario}, ${describeDifference({ ...kill, operation, verdict: "fail" })}`;
}

/** What it all came to, such as `21 killed, 1 survived, 0 unclear, 0 broken, 0 unbuilt in 5 min 2 s`. */
export function summariseMutants({ records, missing, unfit, interrupted, seconds }: MutantRunResult): string {
  const counts = fates.map((fate) => `${records.filter((each) => each.fate === fate).length} ${fate}`);
  if (missing.length > 0) counts.push(`${missing.length} not tried`);
  if (unfit.length > 0) counts.push(`${unfit.length} scenarios unfit to kill`);
  return `${interrupted ? "Interrupted: " : ""}${counts.join(", ")} in ${describeSeconds(seconds)}`;
}

/**
 * The exit code of a mutation run: 1 where a mutant survived, else 2 where one is not decided or a scenario could not
 * take part, else 0.
 */
export function mutantExitCode({ records, missing, unfit, interrupted }: MutantRunResult): 0 | 1 | 2 {
  if (records.some((each) => each.fate === "survived")) return 1;
  const decided = records.length > 0 && records.every((each) => each.fate === "killed");
  return decided && missing.length === 0 && unfit.length === 0 && !interrupted ? 0 : 2;
}
