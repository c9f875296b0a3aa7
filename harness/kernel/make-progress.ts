/** How far a kernel build has come, by the lines make prints: one for each thing it makes. */
import type { ReportProgress } from "../assets/progress.ts";

/** What an earlier build took. */
export interface BuildEstimate {
  /** Things made. */
  readonly steps: number;
  readonly milliseconds: number;
}

/** Watches a build. */
export interface BuildWatch {
  /** Takes a line of make's output. */
  readonly onLine: (line: string) => void;
  /** What the build took so far, to estimate the next one by. */
  readonly total: () => BuildEstimate;
}

/** A build is not finished before make has ended, whatever the estimate was. */
const highestFraction = 0.99;
/** Before this part is done the pace says little. */
const paceFraction = 0.05;

/** Reports a build's progress each time another percent is done. */
export function watchBuild(
  task: string,
  estimate: BuildEstimate,
  report: ReportProgress,
  now: () => number = Date.now,
): BuildWatch {
  const started = now();
  let steps = 0;
  let reported = -1;
  return {
    onLine: (line) => {
      if (!isStep(line)) return;
      steps++;
      const fraction = Math.min(steps / estimate.steps, highestFraction);
      const percent = Math.floor(fraction * 100);
      if (percent === reported) return;
      reported = percent;
      const elapsed = now() - started;
      const total = fraction < paceFraction ? estimate.milliseconds : elapsed / fraction;
      report({ kind: "advance", task, fraction, elapsed, remaining: Math.max(total - elapsed, 0) });
    },
    total: () => ({ steps, milliseconds: now() - started }),
  };
}

/** Whether a line says that something is being made: `  CC      kernel/fork.o`. */
function isStep(line: string): boolean {
  return /^ {2}[A-Z][A-Z0-9_+-]* +\S/.test(line);
}

/** How many lines after the first error belong to it: the source line and its marker. */
const contextLines = 4;

/** The first error in make's output, with the few lines that explain it; the last lines where none is recognised. */
export function findFirstError(output: readonly string[]): readonly string[] {
  const cause = output.findIndex((line) =>
    /(: (fatal )?error: |: Error: |undefined reference|No space left|: not found$)/.test(line),
  );
  const at = cause >= 0 ? cause : output.findIndex((line) => /\*\*\* /.test(line));
  if (at < 0) return output.slice(-contextLines);
  const rest = output.slice(at, at + contextLines);
  const next = rest.findIndex((line, index) => index > 0 && (isStep(line) || /^make/.test(line)));
  return next < 0 ? rest : rest.slice(0, next);
}
