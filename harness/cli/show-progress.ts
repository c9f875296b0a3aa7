import { printProgress } from "../assets/print-progress.ts";
import type { ReportProgress } from "../assets/progress.ts";
import type { Output, Screen } from "../report/screen.ts";

/** Shows what is being prepared where people read; a screen's line at the bottom makes room for it. */
export function showProgress(output: Output, screen: Screen): ReportProgress {
  const print = printProgress({
    write: (text) => {
      output.write(text);
    },
    isTTY: output.isTerminal,
    ...(output.columns === null ? {} : { columns: output.columns }),
  });
  return (progress) => {
    screen.status(null);
    print(progress);
  };
}
