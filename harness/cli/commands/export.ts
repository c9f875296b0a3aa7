import { relative, resolve } from "node:path";
import { Option } from "commander";
import { UsageError } from "../../errors/harness-error.ts";
import { exportScenario } from "../../export/export-scenario.ts";
import { prepareExport } from "../../export/prepare-export.ts";
import { locateKernel } from "../../kernel/debian-name.ts";
import { createScreen, wantsColours } from "../../report/screen.ts";
import { scenariosFolder } from "../../scenarios/read-scenarios.ts";
import { selectScenarios } from "../../scenarios/select-scenarios.ts";
import type { RegisterCommand } from "../command.ts";
import { showProgress } from "../show-progress.ts";

interface ExportFlags {
  readonly out?: string;
  readonly scenarios?: string;
  readonly kernel?: string;
  readonly bench: "emulated" | "passthrough";
  readonly color: boolean;
}

const notes = `
The folder has a kernel, an initramfs whose only program does what the scenario says and prints what comes of it beside what
is expected, media, and a script "run" that starts any QEMU for s390x. Nothing of zhil is needed to run it.

Where instructions are answered in QEMU's place, or something is done inside an operation, gdb does that: then it is needed, too.

On bench passthrough a host is in the folder, too, with QEMU on it: "run" starts the host, and the host a guest.

What zhil itself has a part in cannot be exported: functions that it serves, and hot-plug.

Example:
  zhil export replace-populated-ioas --out reproducer && ./reproducer/run`;

/** `zhil export` */
export const registerExport: RegisterCommand = (program, { io }) => {
  program
    .command("export")
    .description(
      "Writes a scenario as a reproducer that needs only QEMU, or QEMU and gdb: to be sent to a mailing list.",
    )
    .argument("<name>", "a scenario's name, or the path of its YAML file")
    .option("--out <dir>", "a new folder; named like the scenario where absent")
    .option("--scenarios <dir>", "look for scenarios in this folder instead of the project's own")
    .addOption(
      new Option("--bench <bench>", "a machine, or a guest that has its functions from one, by QEMU in QEMU")
        .choices(["emulated", "passthrough"])
        .default("emulated"),
    )
    .option("--kernel <bzImage>", "the kernel to export, as zhil run takes it")
    .option("--no-color", "no colours")
    .addHelpText("after", notes)
    .action(async (name: string, flags: ExportFlags) => {
      const { workingFolder } = io;
      const folder = flags.scenarios === undefined ? scenariosFolder : resolve(workingFolder, flags.scenarios);
      const selection = { names: [name], tags: [], without: [], seeds: [], folder, workingFolder };
      const { scenarios, broken } = await selectScenarios(selection);
      const [first] = broken;
      if (first !== undefined) throw first.error;
      const [scenario, another] = scenarios;
      if (scenario === undefined || another !== undefined) {
        throw new UsageError({ what: `Cannot export "${name}": it is ${scenarios.length} scenarios, expected one` });
      }
      const screen = createScreen(io.stderr, wantsColours(io.stderr, io.environment, flags.color));
      const kernel = flags.kernel === undefined ? null : locateKernel(flags.kernel, workingFolder);
      const exported = await prepareExport(scenario, {
        ...{ bench: flags.bench, kernel },
        ...{ report: showProgress(io.stderr, screen), signal: io.interrupt },
      });
      const out = resolve(workingFolder, flags.out ?? scenario.name);
      await exportScenario(exported, out);
      io.stdout.write(`${relative(workingFolder, out) || "."}/run\n`);
    });
};
