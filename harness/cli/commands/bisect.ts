import { InvalidArgumentError, Option, type Command } from "commander";
import { bisectCommand } from "../bisect-command.ts";
import type { BisectFlags } from "../bisect-flags.ts";
import { asOption } from "../options.ts";
import type { RegisterCommand } from "../command.ts";

const notes = `
Each step builds a commit (incrementally, in the cache; the repository is only read), runs the scenario on it and weighs what it
showed. A commit counts as bad only where the very failure is seen that the bad end showed: the step and field that differ, or the
kernel's oops. What does not build, does not boot or fails otherwise is skipped. A failure that does not always show is looked
for as often as it takes. The same command goes on where an earlier one was ended, by whatever.

Exits with 0 where a commit was found, or a few with none between them that can be tested; with 1 where it is not in the range;
with 2 where no answer was had.

Examples:
  zhil bisect --good v7.1 --bad v7.2 --repo ~/linux replace-populated-ioas
  zhil bisect --bad v6.12 --good v7.2 --repo ~/linux error-event-recovery      the commit that fixed it
  zhil bisect --good v7.1 --bad HEAD --seek 14:memory.q[0] unmap-stops-dma     this difference and no other
  zhil bisect --good v7.1 --bad HEAD --like zhil-runs/latest/unmap-stops-dma unmap-stops-dma
  zhil bisect --between debian/6.12 debian/7.2 --find fix type1-life           among the kernels that the archive has
  zhil bisect --between debian/7.2 debian/7.3 --as 7.2 type1-error-event-recovery   where it changed
  zhil bisect --good v7.1 --bad HEAD --path drivers/iommu --path arch/s390 unmap-stops-dma`;

/** `zhil bisect` */
export const registerBisect: RegisterCommand = (program, context) => {
  const command = program
    .command("bisect")
    .description("Finds the commit with which a scenario began to fail, or stopped.")
    .argument("<scenario...>", "name or path of the scenario")
    .usage("[options] <scenario>")
    .option("--good <commit>", "where it does not fail")
    .option("--bad <commit>", "where it fails")
    .option("--between <version>", "instead: this version of Debian's, and the one that comes before the scenario");
  addBisectOptions(command)
    .addOption(
      new Option(
        "--find <what>",
        "the first bad commit or the first one that fixes it (default: as the order of the ends has it; bad between versions)",
      ).choices(["bad", "fix"]),
    )
    .option("--confidence <p>", "how sure the answer must be", parseConfidence, 0.95)
    .option("--tries <n>", "runs within which the failure must show at the end that has it", parseTries, 40)
    .option("--first-parent", "take each merge for one change", false)
    .addOption(
      new Option("--path <path>", "only commits that touch this; repeat for more")
        .argParser((value: string, earlier: readonly string[]): string[] => [...earlier, value])
        .default([], "any"),
    )
    .option("--restart", "begin anew, whatever an earlier call has found", false)
    .option("--out <dir>", "where state, evidence and reports go", "zhil-bisect")
    .option("--json", "the report as one line of JSON on standard output; the rest on standard error", false)
    .option("--no-color", "no colours")
    .addHelpText("after", notes)
    .action(async (words: readonly string[], flags: BisectFlags) => {
      context.exit(await bisectCommand(words, flags, context));
    });
};

/** Options that `bisect` and `bisect-step` share. */
export function addBisectOptions(command: Command): Command {
  return command
    .option("--repo <dir>", "the kernel's git repository, which is only read", ".")
    .option("--flavour <name>", "build this flavour of the lean kernel, such as kasan")
    .option("--qemu <program>", "use this qemu-system-s390x instead of the prepared one (ZHIL_QEMU)")
    .option("--seek <failure>", "the failure: STEP:FIELD, STEP:result=ERRNO or alarm:TEXT")
    .option("--like <folder>", "the failure that a run of the scenario has left in this folder of evidence")
    .addOption(asOption())
    .option("--scenarios <dir>", "look for scenarios in this folder instead of the project's own");
}

function parseConfidence(text: string): number {
  const value = Number(text);
  if (!(value >= 0.5 && value < 1)) throw new InvalidArgumentError("Expected a number from 0.5 to less than 1.");
  return value;
}

/** Reads a number of runs. */
export function parseTries(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > 10_000)
    throw new InvalidArgumentError("Expected a number of runs.");
  return value;
}
