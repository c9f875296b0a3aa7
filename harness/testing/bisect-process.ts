/**
 * A bisection of fake kernels in a process of its own, which kills itself at a call. Arguments: the folder for kernels, the
 * number of builds and runs to survive, then what `zhil` is given.
 */
import { runCli } from "../cli/run-cli.ts";
import { realServices } from "../cli/services.ts";
import { fakeKernels } from "./fake-kernels.ts";

const [, , folder = "", calls = "", ...argv] = process.argv;
let left = Number(calls);

const output = (stream: NodeJS.WriteStream): { write: (text: string) => void; isTerminal: false; columns: null } => ({
  write: (text) => {
    stream.write(text);
  },
  isTerminal: false,
  columns: null,
});

const kernels = fakeKernels(folder, () => {
  if (left-- === 0) process.kill(process.pid, "SIGKILL");
});
process.exitCode = await runCli(
  argv,
  {
    stdout: output(process.stdout),
    stderr: output(process.stderr),
    environment: {},
    workingFolder: process.cwd(),
    interrupt: new AbortController().signal,
  },
  { ...realServices, readLedger: () => Promise.resolve([]), ...kernels },
);
