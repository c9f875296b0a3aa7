import type { Command } from "commander";
import { defaultCorpus, minCorpus, showCorpus, tracingKernel, type CorpusFlags, type MinFlags } from "../corpus.ts";
import type { RegisterCommand } from "../command.ts";
import { evidenceOption, jobsOption, qemuOption } from "../options.ts";

const notes = `
A corpus is what exploring keeps on a kernel that traces where it is: sequences that reached places of the kernel that none before
them had, each a scenario that zhil run runs. It has a folder for each kernel, for places of one mean nothing in another.

Examples:
  zhil explore --kernel lean/kcov --time 8h    a night, which keeps what reaches something new
  zhil corpus                                  what there is
  zhil corpus show --functions                 and in which functions of the kernel
  zhil corpus min                              only as many as it takes to reach all that`;

/** `zhil corpus` */
export const registerCorpus: RegisterCommand = (program, context) => {
  const command = program
    .command("corpus")
    .description("Says what exploring has kept, and makes it as small as it goes.")
    .addHelpText("after", notes);
  const withFolder = (each: Command): Command =>
    each
      .option("--corpus <dir>", "the folder of the corpus", defaultCorpus)
      .option("--kernel <bzImage>", "the kernel, as zhil run takes it", tracingKernel)
      .option("--json", "JSON on standard output; the rest on standard error", false)
      .option("--no-color", "no colours");
  withFolder(command.command("show", { isDefault: true }))
    .description("Says how many sequences there are of each kernel, and how many places they reach.")
    .option("--functions", "list the functions of the kernel that they reach, with how many places of each", false)
    .action(async (flags: CorpusFlags & { readonly functions: boolean }) => {
      context.exit(await showCorpus(flags, context));
    });
  withFolder(command.command("min"))
    .description("Plays every sequence, and keeps as few as reach all that they all reach.")
    .addOption(qemuOption())
    .addOption(jobsOption("clones"))
    .addOption(evidenceOption())
    .action(async (flags: MinFlags) => {
      context.exit(await minCorpus(flags, context));
    });
};
