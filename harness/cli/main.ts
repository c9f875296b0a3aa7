#!/usr/bin/env node
/** The command `zhil`. */
import { isatty } from "node:tty";
import { InterruptedError } from "../errors/harness-error.ts";
import { listenForInterrupt } from "../lifecycle/listen-for-interrupt.ts";
import { endAllNow } from "../lifecycle/scratch.ts";
import { wantedColumns, type Output } from "../report/screen.ts";
import { noAnswerCode } from "./exit-code.ts";
import { runCli } from "./run-cli.ts";

/** Limit for what a finished command left open, in milliseconds; then the process ends all the same. */
const farewellLimit = 5_000;

const readerGone = new AbortController();
// The first Ctrl-C asks for an orderly end, with results kept and machines ended; the second does not wait for it.
const interruption = listenForInterrupt(endAllNow);
interruption.signal.addEventListener("abort", () => {
  process.stderr.write("\nEnding what runs; Ctrl-C once more to leave at once\n");
});

const argv = process.argv.slice(2);
// Node's own code for a crash is 1, which is an answer here.
process.on("uncaughtException", (error) => {
  process.stderr.write(`zhil: This should not have happened: ${error.stack ?? error.message}\n`);
  endAllNow();
  process.exit(noAnswerCode(argv));
});

process.exitCode = await runCli(argv, {
  stdout: outputOf(process.stdout),
  stderr: outputOf(process.stderr),
  lines: {
    input: process.stdin,
    terminal: isatty(process.stdin.fd) && isatty(process.stdout.fd) ? process.stdout : null,
  },
  environment: process.env,
  workingFolder: process.cwd(),
  interrupt: AbortSignal.any([interruption.signal, readerGone.signal]),
});
setTimeout(() => process.exit(), farewellLimit).unref();

function outputOf(stream: NodeJS.WriteStream & { readonly fd: number }): Output {
  // Whoever read the output has gone (`zhil list | head`): there is nobody to tell, and the run is to end.
  stream.on("error", () => {
    readerGone.abort(new InterruptedError({ what: "Cannot write the output: its reader has gone" }));
  });
  return {
    write: (text) => {
      stream.write(text);
    },
    isTerminal: isatty(stream.fd),
    get columns() {
      return wantedColumns(isatty(stream.fd) ? stream.columns : undefined, process.env);
    },
  };
}
