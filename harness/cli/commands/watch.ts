import type { RegisterCommand } from "../command.ts";
import { addMachineOptions } from "../machine-options.ts";
import { addSelectionOptions, evidenceOption, jobsOption, nameHelp } from "../options.ts";
import type { RunFlags } from "../run-command.ts";
import { watchCommand } from "../watch-command.ts";

const notes = `
A scenario that changes runs again; all that were selected do where the image of --kernel or --qemu changes, a function that
scenarios bring along, or zhil.config.ts. Of that, where there is one, its folder of scenarios, first kernel and first QEMU
are taken, unless options say otherwise. What changes during a run is run after it. Ctrl-C ends it.

Examples:
  zhil watch --bench model mine.yaml                         while writing a scenario
  zhil watch --kernel ../linux/arch/s390/boot/bzImage "replace-*"   whenever make has built a kernel`;

/** `zhil watch` */
export const registerWatch: RegisterCommand = (program, context) => {
  const command = program
    .command("watch")
    .description("Runs scenarios, and again whenever they, the kernel or the configuration change.")
    .argument("[name...]", nameHelp);
  addMachineOptions(addSelectionOptions(command))
    .option("--config <file>", "the configuration (default: zhil.config.ts here, where there is one)")
    .addOption(jobsOption())
    .addOption(evidenceOption())
    .option("--keep", "keep the console log of scenarios that went well, too")
    .option("--no-color", "no colours")
    .addHelpText("after", notes)
    .action(async (names: string[], flags: Omit<RunFlags, "report">) => {
      await watchCommand(names, { ...flags, report: [] }, context);
    });
};
