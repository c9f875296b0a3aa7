import { printProgress } from "../assets/print-progress.ts";
import type { ReportProgress } from "../assets/progress.ts";
import type { Output } from "../report/screen.ts";

/** Shows what is being prepared where people read. */
export const showProgress = (output: Output): ReportProgress =>
  printProgress({
    write: (text) => {
      output.write(text);
    },
    isTTY: output.isTerminal,
    ...(output.columns === null ? {} : { columns: output.columns }),
  });
