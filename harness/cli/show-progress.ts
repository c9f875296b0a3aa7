import type { ReportProgress } from "../assets/progress.ts";
import { describeSeconds } from "../report/describe-record.ts";
import type { Screen } from "../report/screen.ts";

const barWidth = 24;
/** Where progress cannot be drawn over itself, a line is printed each time this part of a task is done. */
const printedPart = 0.1;

/** Shows what is being prepared: lines that stay, and a bar for what takes long. */
export function showProgress(screen: Screen): ReportProgress {
  let printed = 0;
  let task = "";
  return (progress) => {
    if (progress.kind !== "advance") {
      screen.print(progress.kind === "note" ? screen.paint("odd", `note: ${progress.text}`) : progress.text);
      return;
    }
    const { fraction, elapsed, remaining } = progress;
    const bounded = Math.min(1, Math.max(0, fraction));
    const done = Math.round(bounded * barWidth);
    const left = remaining === null ? "" : `, ${describeSeconds(remaining / 1000)} left`;
    const times = `${describeSeconds(elapsed / 1000)}${left}`;
    const percent = `${Math.floor(bounded * 100)} %`.padStart(5);
    if (screen.isTerminal) {
      screen.status(`${progress.task} [${"#".repeat(done)}${"-".repeat(barWidth - done)}]${percent}  ${times}`);
      return;
    }
    if (progress.task !== task) [task, printed] = [progress.task, 0];
    if (bounded - printed < printedPart) return;
    printed = bounded;
    screen.print(`${task}${percent}  ${times}`);
  };
}
