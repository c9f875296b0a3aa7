import { locateQemu } from "../../assets/fetch-qemu.ts";
import { resolve } from "node:path";
import { createRunFolder } from "../../evidence/runs-folder.ts";
import { mutantExitCode, showMutantProgress, summariseMutants } from "../../mutants/describe-mutants.ts";
import { prepareMutantBenches } from "../../mutants/mutant-benches.ts";
import type { Mutant } from "../../mutants/mutant.ts";
import { readMutants } from "../../mutants/read-mutants.ts";
import { runMutantsByFlavour, type OpenMutantBenches } from "../../mutants/run-by-flavour.ts";
import type { MutantProgress, MutantRunOptions } from "../../mutants/run-mutants.ts";
import { measureCapacity } from "../../run/measure-capacity.ts";
import { defaultJobs } from "../../run/schedule.ts";
import { formatJsonLine } from "../../report/json-line.ts";
import { createScreen, wantsColours } from "../../report/screen.ts";
import { readLedger } from "../../scenarios/read-ledger.ts";
import { selectScenarios } from "../../scenarios/select-scenarios.ts";
import type { CommandContext, RegisterCommand } from "../command.ts";
import type { ExitCode } from "../exit-code.ts";
import { readVariable } from "../io.ts";
import {
  addSelectionOptions,
  evidenceOption,
  jobsOption,
  qemuOption,
  readSelection,
  type SelectionFlags,
} from "../options.ts";
import { showProgress } from "../show-progress.ts";

interface MutantsFlags extends SelectionFlags {
  readonly qemu?: string;
  readonly jobs?: number;
  readonly out: string;
  readonly all: boolean;
  readonly list: boolean;
  readonly json: boolean;
  readonly color: boolean;
}

const notes = `
Each mutant (fixtures/mutants/*.patch) is a small bug in the kernel. It is built, booted and given the scenarios that the
unpatched kernel passes, those with the mutant's tags first, until one fails: there again in the same field, and not on the
unpatched kernel. Kernels are kept in the cache by what they were built from, so a second run is quick.

  killed    a scenario failed: a difference, a panic, a hang
  survived  every scenario passed: the suite is blind to this bug
  unclear   no scenario failed twice, but some gave no answer or failed once
  broken    the kernel does not boot, or does not find a function
  unbuilt   the patch does not apply, or the kernel does not compile

A mutant that only a flavour of the kernel shows, such as lean/kasan, is tried on that, after the others, by scenarios that
have a tag of one of those.

Exits with 1 where a mutant survived, else with 2 where one was not decided, or where the suite is not sound without any.

Examples:
  zhil mutants --list                       what there is
  zhil mutants                              all of them
  zhil mutants read-only-ignored --all      every scenario that notices this one`;

/** `zhil mutants` */
export const registerMutants: RegisterCommand = (program, context) => {
  const command = program
    .command("mutants")
    .description("Proves that the suite can fail: runs it on kernels with a bug put in on purpose.")
    .argument("[name...]", "names of mutants; all of them where none is given");
  addSelectionOptions(command)
    .option("--all", "run every scenario on every mutant, not only until one fails", false)
    .option("--list", "say what each mutant breaks, and start nothing", false)
    .addOption(qemuOption())
    .addOption(jobsOption())
    .addOption(evidenceOption())
    .option("--json", "one JSON record per mutant and line on standard output; the rest on standard error", false)
    .option("--no-color", "no colours")
    .addHelpText("after", notes)
    .action(async (names: string[], flags: MutantsFlags) => {
      const mutants = await readMutants(names);
      context.exit(flags.list ? listMutants(mutants, flags, context) : await tryMutants(mutants, flags, context));
    });
};

async function tryMutants(
  mutants: readonly Mutant[],
  flags: MutantsFlags,
  { io }: CommandContext,
): Promise<ExitCode> {
  const people = flags.json ? io.stderr : io.stdout;
  const screen = createScreen(people, wantsColours(people, io.environment, flags.color));
  const scenarios = await selectScenarios(readSelection([], flags, io.workingFolder));
  const ledger = await readLedger();
  const qemu = flags.qemu ?? readVariable(io, "ZHIL_QEMU");
  const signal = io.interrupt;
  const openBenches: OpenMutantBenches = (flavour) =>
    prepareMutantBenches({
      flavour,
      qemu: qemu === null ? null : locateQemu(qemu, io.workingFolder),
      boot: flags.all ? "clone" : "cold",
      report: showProgress(people, screen),
      signal,
    });
  const show = showMutantProgress(
    screen,
    mutants.map((each) => each.name),
  );
  const run = {
    mutants,
    scenarios,
    ledger,
    runFolder: await createRunFolder(resolve(io.workingFolder, flags.out), new Date()),
    jobs: flags.jobs ?? defaultJobs(measureCapacity(), flags.all ? "clone" : "cold"),
    all: flags.all,
    onProgress: (progress: MutantProgress) => {
      show(progress);
      if (flags.json && progress.kind === "decided") io.stdout.write(formatJsonLine(progress.record));
    },
    signal,
  } satisfies Omit<MutantRunOptions, "benches">;
  const result = await runMutantsByFlavour(run, openBenches);
  screen.print(summariseMutants(result));
  return mutantExitCode(result);
}

function listMutants(mutants: readonly Mutant[], flags: MutantsFlags, { io }: CommandContext): ExitCode {
  const { print, paint } = createScreen(io.stdout, wantsColours(io.stdout, io.environment, flags.color));
  for (const mutant of mutants) {
    if (flags.json) {
      io.stdout.write(formatJsonLine(mutant));
      continue;
    }
    print(`${paint("strong", mutant.name)}  ${paint("faint", mutant.tags.join(" "))}`);
    print(`    breaks: ${mutant.breaks}`);
    print(`    seen as: ${mutant.seenAs}`);
  }
  return 0;
}
