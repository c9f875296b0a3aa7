import { availableParallelism } from "node:os";
import { resolve } from "node:path";
import { createRunFolder } from "../../evidence/runs-folder.ts";
import {
  measureExploring,
  meetsBars,
  renderExploreFigures,
  type TriedMutant,
} from "../../explore/explore-benchmark.ts";
import { prepareMutantBenches } from "../../mutants/mutant-benches.ts";
import { readMutants } from "../../mutants/read-mutants.ts";
import { describeSeconds } from "../../report/describe-record.ts";
import { escapeLine } from "../../report/escape.ts";
import { formatJsonLine } from "../../report/json-line.ts";
import { createScreen, wantsColours } from "../../report/screen.ts";
import { readLedger } from "../../scenarios/read-ledger.ts";
import { readScenarioFolder, scenariosFolder } from "../../scenarios/read-scenarios.ts";
import type { RegisterCommand } from "../command.ts";
import { evidenceOption, parseDuration, parseJobs, parseSeed } from "../options.ts";
import { showProgress } from "../show-progress.ts";

interface BenchExploreFlags {
  readonly time: number;
  readonly rateTime: number;
  readonly seed: number;
  readonly jobs?: number;
  readonly out: string;
  readonly check: boolean;
  readonly json: boolean;
  readonly color: boolean;
}

const notes = `
Explores the unpatched kernel for a minute, and then each mutant (fixtures/mutants) from an empty folder of findings, until one is
found that zhil run fails on the mutant and not on the unpatched kernel. What it is shrunk to is compared with the shortest
scenario of the project that fails there, up to where it does. Mutants that only a flavour of the kernel shows are left out.

Examples:
  npm run bench:explore                             all mutants: hours
  npm run bench:explore -- read-only-ignored --time 2m
  npm run bench:explore -- --check                  exit code 1 where a figure misses its bar`;

/** `zhil bench-explore` */
export const registerBenchExplore: RegisterCommand = (program, { io, exit }) => {
  program
    .command("bench-explore")
    .description("Measures what exploring is worth: its rate, the mutants that it finds, how short it tells of them.")
    .argument("[mutant...]", "names of mutants; all of them where none is given")
    .option("--time <duration>", "how long each mutant is explored at most", parseDuration, 600_000)
    .option("--rate-time <duration>", "how long the unpatched kernel is explored", parseDuration, 60_000)
    .option("--seed <n>", "the seed of its sequences", parseSeed, 1)
    .option("-j, --jobs <n>", "clones at a time (default: two for each processor)", parseJobs)
    .option("--check", "exit with 1 where a figure misses its bar", false)
    .addOption(evidenceOption())
    .option("--json", "the figures as JSON on standard output; the rest on standard error", false)
    .option("--no-color", "no colours")
    .addHelpText("after", notes)
    .action(async (names: string[], flags: BenchExploreFlags) => {
      const people = flags.json ? io.stderr : io.stdout;
      const screen = createScreen(people, wantsColours(people, io.environment, flags.color));
      const mutants = (await readMutants(names)).filter(({ flavour }) => flavour === undefined);
      const report = showProgress(people, screen);
      const { scenarios } = await readScenarioFolder(scenariosFolder);
      const figures = await measureExploring({
        benches: await prepareMutantBenches({ qemu: null, boot: "clone", report, signal: io.interrupt }),
        ...{ mutants, scenarios, ledger: await readLedger(), seed: flags.seed, signal: io.interrupt },
        runFolder: await createRunFolder(resolve(io.workingFolder, flags.out), new Date()),
        jobs: flags.jobs ?? 2 * availableParallelism(),
        time: { rate: flags.rateTime, mutant: flags.time },
        onTried: (tried) => {
          screen.print(describeTried(tried));
        },
      });
      for (const line of renderExploreFigures(figures)) screen.print(line);
      if (flags.json) io.stdout.write(formatJsonLine(figures));
      if (io.interrupt.aborted) exit(2);
      else if (flags.check && !meetsBars(figures)) exit(1);
    });
};

function describeTried({ mutant, found, seconds, what, shrunk, known }: TriedMutant): string {
  const fate = found ? "found" : what === null ? "missed" : "not tried";
  const length = shrunk === null ? "" : `, ${String(shrunk)} operations (shortest known: ${String(known ?? "none")})`;
  return `${fate.padEnd(10)}${mutant.padEnd(36)} in ${describeSeconds(seconds)}${length}  ${escapeLine(what ?? "")}`;
}
