/** Exploring, for people: what is found as it is found, and what it all came to. */
import { availableParallelism } from "node:os";
import { describeSeconds } from "../report/describe-record.ts";
import { escapeLine } from "../report/escape.ts";
import type { Screen } from "../report/screen.ts";
import type { Reach } from "./corpus-session.ts";
import type { Explored, Progress, Tally } from "./explore.ts";
import type { Finding } from "./findings.ts";

/** Operations judged in a second of a core; clones that wait, for a reset to end for one, leave theirs to others. */
export const rateOf = (
  { operations, busy, jobs }: Pick<Tally, "operations" | "busy" | "jobs">,
  cores = availableParallelism(),
): number => (busy === 0 ? 0 : ((operations / busy) * jobs) / Math.min(jobs, cores));

/** Shows what is going on. */
export function showExploring({ print, paint, status }: Screen, time: number): (progress: Progress) => void {
  return (progress) => {
    switch (progress.kind) {
      case "exploring": {
        const { sequences, operations } = progress.tally;
        const left = Math.max(0, time / 1000 - progress.seconds);
        const rate = Math.round(rateOf(progress.tally));
        status(
          `${String(operations)} operations in ${String(sequences)} sequences, ${String(rate)}/s a core, ${describeSeconds(left)} left`,
        );
        return;
      }
      case "shrinking":
        status(`shrinking: ${escapeLine(progress.signature)}`);
        return;
      case "found":
        status(null);
        for (const line of renderFinding(progress.finding)) print(line);
        if (progress.finding.verdict !== "fail") print(paint("odd", "       not to be relied on: see above"));
    }
  };
}

/** A finding in a few lines. */
export function renderFinding(finding: Finding): readonly string[] {
  const { name, what, operations, confirmed, seconds, verdict, file, reproducer, seed, sequence, from, clones } =
    finding;
  const steady = `${String(confirmed.shown)} of ${String(confirmed.tries)}`;
  const ofRun = verdict === null ? "was not seen again" : `zhil run says ${verdict}`;
  return [
    `found  ${name}: ${escapeLine(what)}`,
    `       ${String(operations.found)} operations, shrunk to ${String(operations.shrunk)} in ${describeSeconds(seconds.shrunk)} ` +
      `on ${String(clones)} clones; on fresh ones ${steady}; ${ofRun}`,
    `       ${file}, --replay ${String(seed)}:${String(sequence)}${from === null ? "" : `@${from}`}`,
    ...(reproducer === null ? [] : [`       reproducer: ${escapeLine(reproducer)}`]),
  ];
}

/** What it all came to, in a line. */
export function summariseExplored({ tally, findings, seconds, interrupted, reach }: Explored): string {
  const { operations, sequences, repeated } = tally;
  const again = repeated === 0 ? "" : `, ${String(repeated)} times what was known`;
  return (
    `${interrupted ? "Interrupted: " : ""}${String(operations)} operations in ${String(sequences)} sequences, ` +
    `${String(Math.round(rateOf(tally)))} a second and core; ${String(findings.length)} found${again}, in ${describeSeconds(seconds)}` +
    (reach === null ? "" : `; ${describeReach(reach)}`)
  );
}

/** Where it came in the kernel, in words. */
function describeReach({ reached, fresh, kept, entries }: Reach): string {
  const places = `${String(reached)} places of the kernel reached`;
  if (kept === null) return places;
  return `${places}, ${String(fresh)} of them for the first time; ${String(kept)} sequences kept, ${String(entries)} in the corpus`;
}
