/** Progress for people: a moving bar on a terminal, a line now and then elsewhere. */
import type { Progress, ReportProgress } from "./progress.ts";

/** Where progress goes. */
export interface ProgressStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

const barWidth = 24;
/** Where nobody watches, every so many percent are worth a line. */
const linePercent = 10;

/** Prints progress to a stream, such as standard error, which leaves standard output to results. */
export function printProgress(stream: ProgressStream): ReportProgress {
  let drawn = false;
  let lastTask = "";
  let lastPercent = -linePercent;
  const clear = (): void => {
    if (drawn) stream.write("\r\x1b[K");
    drawn = false;
  };
  return (progress) => {
    if (progress.kind !== "advance") {
      clear();
      stream.write(`${progress.kind === "note" ? "note: " : ""}${progress.text}\n`);
      return;
    }
    const percent = Math.floor(progress.fraction * 100);
    if (stream.isTTY === true) {
      clear();
      stream.write(drawBar(progress).slice(0, (stream.columns ?? 80) - 1));
      drawn = true;
      return;
    }
    if (progress.task !== lastTask) lastPercent = -linePercent;
    if (percent < lastPercent + linePercent) return;
    lastTask = progress.task;
    lastPercent = percent;
    stream.write(`${describeAdvance(progress)}\n`);
  };
}

type Advance = Extract<Progress, { kind: "advance" }>;

function drawBar(advance: Advance): string {
  const full = Math.round(advance.fraction * barWidth);
  return `[${"#".repeat(full)}${".".repeat(barWidth - full)}] ${describeAdvance(advance)}`;
}

function describeAdvance({ task, fraction, elapsed, remaining }: Advance): string {
  const percent = String(Math.floor(fraction * 100)).padStart(3);
  const rest = remaining === null ? "" : `, about ${spellDuration(remaining)} left`;
  return `${percent} % ${task}, ${spellDuration(elapsed)}${rest}`;
}

/** A duration as people say it: `3 min 10 s`. */
export function spellDuration(milliseconds: number): string {
  const seconds = Math.round(milliseconds / 1000);
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}
