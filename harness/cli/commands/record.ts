import { constants } from "node:fs";
import { copyFile } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { findTraces } from "../../check/find-traces.ts";
import { InfrastructureError, UsageError } from "../../errors/harness-error.ts";
import { makeFolders } from "../../lifecycle/make-folders.ts";
import { createScratch } from "../../lifecycle/scratch.ts";
import type { RegisterCommand } from "../command.ts";
import { addSelectionOptions, configOption, nameHelp } from "../options.ts";
import { runCommand, type RunFlags } from "../run-command.ts";
import { Option } from "commander";

const notes = `
A trace holds all that judging it takes, and nothing that tells of a machine and its network: it can be sent to somebody (docs/traces.md).
Scenarios that the bench cannot perform leave none.

Exits as "zhil run" does; the traces of what failed are kept as well.

Examples:
  zhil record --bench lpar -o traces "attach-*"   then anywhere, without a machine: zhil check traces
  zhil record --bench model -o contract`;

/** `zhil record` */
export const registerRecord: RegisterCommand = (program, context) => {
  const { io } = context;
  const command = program
    .command("record")
    .description("Performs scenarios and keeps their traces, one file each, to be sent and judged elsewhere.")
    .argument("[name...]", nameHelp);
  addSelectionOptions(command)
    .addOption(new Option("--bench <bench>", "what to run on").choices(["lpar", "emulated", "model"]).default("lpar"))
    .addOption(configOption())
    .requiredOption(
      "-o, --out <dir>",
      "folder for SCENARIO.ndjson; one that is there already stays, and the new one is SCENARIO-2.ndjson",
    )
    .option("--no-color", "no colours")
    .addHelpText("after", notes)
    .action(
      async (names: string[], flags: Pick<RunFlags, "bench" | "tag" | "without" | "seed" | "color" | "out">) => {
        const out = resolve(io.workingFolder, flags.out);
        await makeFolders(out).catch((cause: unknown) => {
          throw new UsageError({
            what: `Cannot keep traces in "${out}"`,
            remedy: "Name another folder with -o",
            cause,
          });
        });
        await using scratch = await createScratch();
        const code = await runCommand(
          names,
          { ...flags, boot: "clone", report: [], out: scratch.path, passing: true },
          context,
        );
        const kept = await keepTraces(join(scratch.path, "latest"), out);
        const next = kept === 0 ? "" : `: zhil check ${flags.out}`;
        io.stdout.write(`${kept} trace${kept === 1 ? "" : "s"} in ${flags.out}${next}\n`);
        context.exit(code);
      },
    );
};

/** Copies the traces of a run, each by the name of its scenario. */
async function keepTraces(run: string, out: string): Promise<number> {
  const traces = await findTraces(run).catch((error: unknown) => {
    // Every scenario was skipped.
    if (error instanceof UsageError) return [];
    throw error;
  });
  for (const trace of traces) await keepTrace(trace, out, basename(dirname(trace)));
  return traces.length;
}

/** Copies a trace, under the first name that nobody has taken: what a machine took its time for is not to be lost. */
async function keepTrace(trace: string, out: string, scenario: string): Promise<void> {
  for (let time = 1; ; time++) {
    const target = join(out, `${scenario}${time === 1 ? "" : `-${time}`}.ndjson`);
    try {
      await copyFile(trace, target, constants.COPYFILE_EXCL);
      return;
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code === "EEXIST") continue;
      throw new InfrastructureError({
        what: `Cannot keep the trace "${target}"`,
        remedy: "Name a folder with room with -o",
        cause,
      });
    }
  }
}
