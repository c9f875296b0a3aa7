import { Option } from "commander";
import type { RegisterCommand } from "../command.ts";
import { runCommand, type RunFlags } from "../run-command.ts";
import { addSelectionOptions, nameHelp, parseJobs } from "../options.ts";
import { benchNames } from "../services.ts";

const examples = `
Examples:
  zhil run                                    everything, on the prepared kernel
  zhil run replace-populated-ioas             one scenario
  zhil run "replace-*" --tag dma -j 4         by glob and tag, four at a time
  zhil run ./mine.yaml --kernel arch/s390/boot/bzImage
  zhil run --seed 002 --json | jq .verdict    one record per scenario and line
  zhil run replace-populated-ioas --dry-run   the operations and the QEMU command line, nothing started

Each scenario gets a kernel of its own. Evidence goes to zhil-runs/TIME/SCENARIO (see "zhil show"); the last twenty runs
are kept. Verdicts: pass; known (deviates exactly as an entry of the divergence ledger says); fail; skip (this kernel or
QEMU lacks what it needs); error (no answer was had). Ctrl-C ends the run with what was had.`;

/** `zhil run` */
export const registerRun: RegisterCommand = (program, context) => {
  const command = program
    .command("run")
    .description("Runs scenarios and judges what was observed against the reference emulator.")
    .argument("[name...]", nameHelp);
  addSelectionOptions(command)
    .addOption(new Option("--bench <bench>", "what to run on").choices(benchNames).default("emulated"))
    .option("--kernel <bzImage>", "boot this kernel instead of the prepared one (ZHIL_KERNEL)")
    .option("--qemu <program>", "use this qemu-system-s390x instead of the prepared one (ZHIL_QEMU)")
    .option("-j, --jobs <n>", "scenarios at a time (default: the number of processors)", parseJobs)
    .option("--out <dir>", "where evidence goes", "zhil-runs")
    .option("--junit <file>", "write a JUnit report as well")
    .option("--json", "one JSON record per scenario and line on standard output; the rest on standard error", false)
    .option("--keep", "keep the console log of scenarios that went well, too", false)
    .option("--dry-run", "print operations and QEMU command line, and start nothing", false)
    .option("--no-color", "no colours")
    .addHelpText("after", examples)
    .action(async (names: string[], flags: RunFlags) => {
      context.exit(await runCommand(names, flags, context));
    });
};
