/** Calls of `zhil` in this process. */
import { join } from "node:path";
import { Readable } from "node:stream";
import type { ExitCode } from "../cli/exit-code.ts";
import { runCli } from "../cli/run-cli.ts";
import { realServices, type Services } from "../cli/services.ts";
import type { Output } from "../report/screen.ts";

/** What a call is given beside its arguments. */
export interface CallOptions {
  readonly workingFolder: string;
  readonly services?: Partial<Services>;
  readonly environment?: Readonly<Record<string, string>>;
  readonly columns?: number;
  readonly isTerminal?: boolean;
  readonly interrupt?: AbortSignal;
  /** What is typed, each line ended. */
  readonly typed?: string;
}

/** What came of a call. */
export interface Call {
  readonly code: ExitCode;
  readonly stdout: string;
  readonly stderr: string;
}

/** Calls `zhil` with scenarios from the folder `scenarios` in the working folder. */
export async function callCli(argv: readonly string[], options: CallOptions): Promise<Call> {
  const { workingFolder, services, environment = {}, interrupt = new AbortController().signal } = options;
  const stdout = capture(options);
  const stderr = capture(options);
  const [command = "", ...rest] = argv;
  const takesScenarios = command === "run" || command === "list";
  const code = await runCli(
    takesScenarios ? [command, "--scenarios", join(workingFolder, "scenarios"), ...rest] : argv,
    {
      stdout,
      stderr,
      environment,
      workingFolder,
      interrupt,
      lines: { input: Readable.from([options.typed ?? ""]), terminal: null },
    },
    { ...realServices, ...plain, ...services },
  );
  return { code, stdout: stdout.text, stderr: stderr.text };
}

/** No ledger, and pages that are their data. */
const plain: Partial<Services> = {
  readLedger: () => Promise.resolve([]),
  readPageParts: () => Promise.resolve({ frame: "{{data}}", styles: "", script: "" }),
};

function capture({ columns, isTerminal = false }: CallOptions): Output & { text: string } {
  return {
    text: "",
    isTerminal,
    columns: columns ?? null,
    write(text) {
      this.text += text;
    },
  };
}
