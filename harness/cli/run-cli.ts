/** One call of `zhil`, from its arguments to its exit code. */
import { Command, CommanderError } from "commander";
import { describeError } from "../errors/describe-error.ts";
import { escapeLines } from "../report/escape.ts";
import { recorder } from "../run/recorder.ts";
import { loadCommands } from "./commands/commands.ts";
import { noAnswerCode, type ExitCode } from "./exit-code.ts";
import type { Io } from "./io.ts";
import { realServices, type Services } from "./services.ts";

const closingHelp = `
Start here:
  zhil run                     every scenario on a real kernel in an emulated machine
  zhil run --bench model       the same on the reference emulator, in seconds
  zhil show zhil-runs/latest   what the last run left behind
  zhil doctor                  what this machine lacks, and what to do about it

Exit codes, of every command:
  0  all is well; for a run: no scenario failed (known differences and skips are fine)
  1  something differs from what was expected: a scenario failed
  2  no answer was had: wrong usage, a scenario in error, an interrupted run, a broken report
  A run with both fails and errors exits with 1; where a report broke, always with 2.
  A second Ctrl-C leaves at once, with 130. "zhil bisect-step" exits with 125 instead of 2.

Environment (flags win):
  ZHIL_KERNEL, ZHIL_QEMU   as --kernel and --qemu of "zhil run"
  ZHIL_CACHE               folder of kernels and QEMUs (default: zpci-hil in XDG_CACHE_HOME or ~/.cache)
  ZHIL_TIME_SCALE          multiplies every time limit, for slow machines (default: 1)
  ZHIL_KCIDB_ORIGIN        who reports, in "--report kcidb=FILE" (default: zhil)
  NO_COLOR, FORCE_COLOR    no colours; colours although the output is no terminal`;

/** Runs `zhil` with the arguments after its name. Never rejects: what goes wrong is said on standard error. */
export async function runCli(argv: readonly string[], io: Io, services: Services = realServices): Promise<ExitCode> {
  let exitCode: ExitCode = 0;
  const exit = (code: ExitCode): void => {
    exitCode = code;
  };
  const program = new Command("zhil")
    .description("Decides arguments about zPCI, IOMMU, VFIO and iommufd on s390x by running them on real kernels.")
    .version(recorder)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => {
        io.stdout.write(text);
      },
      writeErr: (text) => {
        io.stderr.write(text);
      },
      getOutHelpWidth: () => io.stdout.columns ?? 100,
      getErrHelpWidth: () => io.stderr.columns ?? 100,
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    })
    .showHelpAfterError('See "zhil --help"')
    .addHelpText("after", closingHelp);
  try {
    for (const register of await loadCommands(argv)) register(program, { io, services, exit });
    await program.parseAsync(argv, { from: "user" });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : noAnswerCode(argv);
    const [first = "", ...rest] = describeError(error).flatMap(escapeLines);
    io.stderr.write([`zhil: ${first}`, ...rest.map((line) => `  ${line}`), ""].join("\n"));
    return noAnswerCode(argv);
  }
}
