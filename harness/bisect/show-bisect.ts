/** A bisection as it goes on, for people: a line for each step. */
import { describeSeconds } from "../report/describe-record.ts";
import { escapeLine } from "../report/escape.ts";
import { shorten, type Screen } from "../report/screen.ts";
import type { BisectEvent, BisectState } from "./bisect-state.ts";
import type { TellCommit } from "./range.ts";
import type { BisectProgress } from "./run-bisect.ts";
import { archive } from "./archived-range.ts";
import { shortId } from "./short-id.ts";

/** Shows the steps of a bisection on a screen. */
export async function showBisectProgress(
  screen: Screen,
  tell: TellCommit,
  { request, commits }: BisectState,
): Promise<(progress: BisectProgress) => void> {
  const { print, paint, status } = screen;
  const what = request.find === "bad" ? "first bad" : "first fixing";
  const ends = await Promise.all([request.base, request.tip].map(tell));
  print(
    `Looking for the ${what} of ${commits.length} ${request.repository === archive ? "versions" : "commits"} by ${request.scenario}`,
  );
  for (const [index, id] of [request.base, request.tip].entries()) {
    print(`  ${index === 0 ? "from" : "to  "} ${shortId(id)} ${escapeLine(ends[index]?.subject ?? "")}`.trimEnd());
  }
  let remaining = "";
  return (progress) => {
    switch (progress.kind) {
      case "begin":
        remaining = progress.remaining === null ? "" : `about ${describeSeconds(progress.remaining)} left`;
        status(`${shortId(progress.commit)} ${remaining}`);
        return;
      case "signature":
        print(`Looking for ${paint("strong", escapeLine(progress.text))}`);
        for (const other of progress.others) print(`  not for ${escapeLine(other)} (--seek)`);
        return;
      case "event":
        print(
          lineOf(progress.event, progress.alike, paint) + (remaining === "" ? "" : paint("faint", `  ${remaining}`)),
        );
    }
  };
}

const longestReason = 120;

function lineOf(event: BisectEvent, alike: string | null, paint: Screen["paint"]): string {
  const begin = `${shortId(event.commit)}  `;
  const took = describeSeconds(event.seconds).padStart(8);
  switch (event.kind) {
    case "built":
      return `${begin}${"built".padEnd(8)}${took}${alike === null ? "" : `  the same kernel as ${shortId(alike)}`}`;
    case "untestable":
      return `${begin}${paint("odd", "skipped".padEnd(8))}${took}  ${shorten(escapeLine(event.reason), longestReason)}`;
    case "run":
      return `${begin}${paint(event.sight === "seen" ? "bad" : "good", event.sight.padEnd(8))}${took}`;
  }
}
