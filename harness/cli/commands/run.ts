import { Option } from "commander";
import { reportFormatNames } from "../../report/report-formats.ts";
import { orderNames } from "../../run/order.ts";
import type { RegisterCommand } from "../command.ts";
import { addMachineOptions } from "../machine-options.ts";
import { runCommand, type RunFlags } from "../run-command.ts";
import {
  addSelectionOptions,
  asOption,
  collectReport,
  configOption,
  evidenceOption,
  jobsOption,
  nameHelp,
  parseOrderSeed,
} from "../options.ts";

const examples = `
Examples:
  zhil run                                    everything, on the prepared kernel
  zhil run replace-populated-ioas             one scenario
  zhil run "replace-*" --tag dma -j 4         by glob and tag, four at a time
  zhil run ./mine.yaml --kernel arch/s390/boot/bzImage
  zhil run --tag type1 --kernel debian/6.12   Debian's own kernel, with the modules it needs
  zhil run --kernel debian/7.2 --as 6.12       what 7.2 does otherwise than 6.12
  zhil run --tag race --kernel lean/kasan     races on a kernel that watches its memory
  zhil run --without race                     everything but races
  zhil run "attach-*" --device igb            on an igb in place of what they are written for
  zhil run --seed 002 --json | jq .verdict    one record per scenario and line
  zhil run "attach-*" --fail-nth              what becomes of them where the kernel gets no memory
  zhil run --report ktap=run.ktap --report markdown=comment.md
  zhil run attach-detach --bench passthrough  in a guest that a host passes the function through to
  zhil run replace-populated-ioas --dry-run   operations and QEMU command line, nothing started

Verdicts:
  pass    everything observed is as the contract says
  known   it deviates exactly as an entry of the divergence ledger says
  fail    neither: a finding, or a bug
  skip    this kernel or QEMU lacks what the scenario needs
  error   no answer was had: QEMU, the agent or the scenario itself is at fault

Every scenario gets a pristine kernel, unless --boot shared says otherwise. Evidence goes to
zhil-runs/TIME/SCENARIO (see "zhil show"); the last twenty runs are kept. Ctrl-C ends the run, and what
was had is reported.`;

/** `zhil run` */
export const registerRun: RegisterCommand = (program, context) => {
  const command = program
    .command("run")
    .description("Runs scenarios and judges what was observed against the reference emulator.")
    .argument("[name...]", nameHelp);
  addMachineOptions(addSelectionOptions(command))
    .addOption(asOption())
    .addOption(configOption())
    .addOption(jobsOption())
    .addOption(
      new Option(
        "--order <how>",
        "which scenarios are started first: those that took longest in earlier runs, any (its seed is printed), or as " +
          "they are listed (default: longest)",
      ).choices(orderNames),
    )
    .option("--order-seed <n>", "the random order that an earlier run had", parseOrderSeed)
    .addOption(evidenceOption())
    .option(
      "--report <format=file>",
      `write a report as well: ${reportFormatNames.join(", ")}; repeat for more`,
      collectReport,
      [],
    )
    .option("--junit <file>", "the same as --report junit=FILE")
    .option("--json", "one JSON record per scenario and line on standard output; the rest on standard error")
    .option("--keep", "keep the console log of scenarios that went well, too")
    .option(
      "--fail-nth [step:nth]",
      "have the kernel's allocations in each operation fail, one at a time: it is to refuse or to go on without, and all " +
        "to be well after; or one of them only",
    )
    .option("--dry-run", "print operations and QEMU command line, and start nothing")
    .option("--no-color", "no colours")
    .addHelpText("after", examples)
    .action(async (names: string[], flags: RunFlags) => {
      context.exit(await runCommand(names, flags, context));
    });
};
