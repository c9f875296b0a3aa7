import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { assessLedger, type DivergenceStatus, type Sighting } from "../../../src/verdict/divergence-status.ts";
import type { Divergence } from "../../../src/verdict/ledger.ts";
import { findReproducer, type Reproducer } from "../../export/find-reproducer.ts";
import { findScenarioFolders, readEvidence } from "../../evidence/read-evidence.ts";
import { formatJsonLine } from "../../report/json-line.ts";
import type { Shade } from "../../report/paint.ts";
import { createScreen, wantsColours, type Screen } from "../../report/screen.ts";
import { readNamed } from "../../scenarios/read-scenarios.ts";
import type { RegisterCommand } from "../command.ts";

interface DivergencesFlags {
  readonly run?: readonly string[];
  readonly json?: true;
  readonly color: boolean;
}

const notes = `
States, what wants attention first:
  stale      it was due in a run, and the contract was observed instead: perhaps it is fixed
  new        first seen less than two weeks ago
  confirmed  it showed in the runs that were looked at
  unseen     none of them has it: they were made on other versions, or not of its scenarios

"by itself" is the scenario that shows it to whoever has QEMU and nothing of zhil, and the command that writes it.

Each entry is a file of fixtures/divergences, with contract, observation, analysis and sources.

Examples:
  zhil divergences
  zhil divergences --run zhil-runs/2026-11-20T* --run zhil-runs/latest`;

const shades: Readonly<Record<DivergenceStatus["state"], Shade>> = {
  stale: "bad",
  new: "odd",
  confirmed: "good",
  unseen: "faint",
};

/** `zhil divergences` */
export const registerDivergences: RegisterCommand = (program, { io, services }) => {
  program
    .command("divergences")
    .description(
      "Lists every known difference between contract, kernels and hypervisors: where, at whose fault, since when.",
    )
    .option("--run <dir...>", "runs whose records say what showed (default: zhil-runs/latest, where it is there)")
    .option("--json", "one JSON object per entry and line")
    .option("--no-color", "no colours")
    .addHelpText("after", notes)
    .action(async (flags: DivergencesFlags) => {
      const ledger = await services.readLedger();
      const scenarios = await readNamed(ledger.flatMap(({ evidence }) => evidence));
      const latest = resolve(io.workingFolder, "zhil-runs/latest");
      const runs = flags.run?.map((run) => resolve(io.workingFolder, run)) ?? (existsSync(latest) ? [latest] : []);
      const sightings = (await Promise.all(runs.map(readSightings))).flat();
      const screen = createScreen(io.stdout, wantsColours(io.stdout, io.environment, flags.color));
      const today = new Date().toISOString().slice(0, 10);
      for (const status of assessLedger(ledger, sightings, today)) {
        const reproducer = findReproducer(status.entry, ledger, scenarios);
        if (flags.json === true) io.stdout.write(formatJsonLine(describe(status, reproducer)));
        else printStatus(status, reproducer, screen);
      }
    });
};

async function readSightings(run: string): Promise<readonly Sighting[]> {
  const sightings: Sighting[] = [];
  for (const folder of await findScenarioFolders(run)) {
    const { record } = await readEvidence(folder);
    if (record === null) continue;
    const { scenario, known, stale, started } = record;
    sightings.push({ scenario, known, stale, day: started.slice(0, 10) });
  }
  return sightings;
}

const describe = (
  { entry, state, shown, missed, lastConfirmed }: DivergenceStatus,
  reproducer: Reproducer,
): unknown => ({
  ...{ name: entry.name, state, title: entry.title, fault: entry.fault, kernel: entry.kernel, qemu: entry.qemu },
  ...{ benches: entry.benches, firstSeen: entry.firstSeen, lastConfirmed, shown, missed, evidence: entry.evidence },
  reproducer,
});

function printStatus(
  { entry, state, shown, missed, lastConfirmed }: DivergenceStatus,
  reproducer: Reproducer,
  { print, paint }: Screen,
): void {
  print(`${paint(shades[state], state.padEnd(9))} ${paint("strong", entry.name)}`);
  print(`          ${entry.title}`);
  const luck = entry.sometimes ? ", not always" : "";
  print(
    paint(
      "faint",
      `          at fault: ${entry.fault}; ${spellRange("Linux", entry.kernel)}, ${spellRange("QEMU", entry.qemu)}${luck}`,
    ),
  );
  const seen = shown.length === 0 ? "" : `, shown by ${shown.length} scenario${shown.length === 1 ? "" : "s"}`;
  print(paint("faint", `          first seen ${entry.firstSeen}, last confirmed ${lastConfirmed}${seen}`));
  print(paint("faint", `          by itself: ${spellReproducer(reproducer)}`));
  if (missed.length > 0) print(paint("bad", `          was due and did not show in ${missed.join(", ")}`));
}

function spellReproducer(reproducer: Reproducer): string {
  if (reproducer.scenario === null) return `not to be had: ${reproducer.why}`;
  const { scenario, needs, bench, kernel } = reproducer;
  const options = [
    ...(bench === "emulated" ? [] : ["--bench", bench]),
    ...(kernel === null ? [] : ["--kernel", kernel]),
  ];
  return `${["zhil export", scenario, ...options].join(" ")}, which needs ${needs}`;
}

function spellRange(what: string, { from, before }: Divergence["kernel"]): string {
  if (from === undefined && before === undefined) return `${what} of any version`;
  if (before === undefined) return `${what} ${from ?? ""} and later`;
  return from === undefined ? `${what} before ${before}` : `${what} ${from} to before ${before}`;
}
