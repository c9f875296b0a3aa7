import { kernelOptionsOf } from "../../../src/scenario/requirements.ts";
import type { Scenario } from "../../../src/scenario/scenario.ts";
import { escapeLine, escapeLines } from "../../report/escape.ts";
import { formatJsonLine } from "../../report/json-line.ts";
import { createScreen, wantsColours, type Screen } from "../../report/screen.ts";
import { selectScenarios } from "../../scenarios/select-scenarios.ts";
import type { RegisterCommand } from "../command.ts";
import { addSelectionOptions, nameHelp, readSelection, type SelectionFlags } from "../options.ts";

interface ListFlags extends SelectionFlags {
  readonly json?: true;
  readonly color: boolean;
}

/** `zhil list` */
export const registerList: RegisterCommand = (program, { io, exit }) => {
  const command = program
    .command("list")
    .description("Lists scenarios: what each decides, its tags, seed documents and the kernel options it needs.")
    .argument("[name...]", nameHelp);
  addSelectionOptions(command)
    .option("--json", "one JSON object per scenario and line")
    .option("--no-color", "no colours")
    .action(async (names: string[], flags: ListFlags) => {
      const found = await selectScenarios({ ...readSelection(names, flags, io.workingFolder), forGuests: true });
      const screen = createScreen(io.stdout, wantsColours(io.stdout, io.environment, flags.color));
      for (const scenario of found.scenarios) {
        if (flags.json === true) io.stdout.write(formatJsonLine(describe(scenario)));
        else printScenario(scenario, screen);
      }
      for (const { error } of found.broken) {
        io.stderr.write(`zhil: ${escapeLines(error.message).join("\n  ")}\n`);
        exit(2);
      }
    });
};

/** What a program may want to know of a scenario. */
function describe(scenario: Scenario): Readonly<Record<string, unknown>> {
  const { name, summary, tags, seeds, ground, file, functions, steps } = scenario;
  return {
    name,
    summary,
    tags,
    seeds,
    ground,
    requires: kernelOptionsOf(scenario),
    functions,
    steps: steps.length,
    file,
  };
}

function printScenario(scenario: Scenario, { print, paint }: Screen): void {
  const seeds = scenario.seeds.length === 0 ? "" : `  seed ${scenario.seeds.join(", ")}`;
  print(`${paint("strong", scenario.name)}  ${paint("faint", `${scenario.tags.join(" ")}${seeds}`)}`);
  print(`    ${escapeLine(scenario.summary)}`);
  print(paint("faint", `    needs ${kernelOptionsOf(scenario).join(" ")}`));
}
