import { Option } from "commander";
import type { Finding } from "../../doctor/examine-machine.ts";
import { escapeLine } from "../../report/escape.ts";
import { formatJsonLine } from "../../report/json-line.ts";
import type { Shade } from "../../report/paint.ts";
import { createScreen, wantsColours, type Screen } from "../../report/screen.ts";
import type { RegisterCommand } from "../command.ts";
import { configOption } from "../options.ts";
import { readRealHost } from "../read-real-host.ts";

interface DoctorFlags {
  readonly bench: "emulated" | "lpar";
  readonly config?: string;
  readonly json?: true;
  readonly color: boolean;
}

const shades: Readonly<Record<Finding["state"], Shade>> = { ok: "good", warning: "odd", missing: "bad" };

/** `zhil doctor` */
export const registerDoctor: RegisterCommand = (program, { io, services, exit }) => {
  program
    .command("doctor")
    .description("Says line by line what this machine has of what a run needs, and what to do about the rest.")
    .addOption(
      new Option(
        "--bench <bench>",
        "what a run is to be on; of lpar the host that the configuration describes is examined",
      )
        .choices(["emulated", "lpar"])
        .default("emulated"),
    )
    .addOption(configOption())
    .option("--json", "one JSON object per finding and line")
    .option("--no-color", "no colours")
    .addHelpText("after", "\nChanges nothing and fetches nothing. Exits with 2 where something is missing.")
    .action(async (flags: DoctorFlags) => {
      const findings =
        flags.bench === "lpar"
          ? await services.examineHost(await readRealHost(flags.config ?? null, io), io.interrupt)
          : await services.examineMachine();
      const screen = createScreen(io.stdout, wantsColours(io.stdout, io.environment, flags.color));
      for (const finding of findings) {
        if (flags.json === true) io.stdout.write(formatJsonLine(finding));
        else printFinding(finding, screen);
      }
      if (findings.some((finding) => finding.state === "missing")) exit(2);
    });
};

function printFinding({ what, state, detail, remedy }: Finding, { print, paint }: Screen): void {
  print(`${paint(shades[state], state.padEnd(7))}  ${what}: ${escapeLine(detail)}`);
  if (remedy !== null) print(`         ${paint("strong", "do")}: ${remedy}`);
}
