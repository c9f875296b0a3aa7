import { randomInt } from "node:crypto";
import { availableParallelism } from "node:os";
import { relative, resolve } from "node:path";
import { InvalidArgumentError, Option } from "commander";
import { subjects, type Subject } from "../../../src/explore/cast.ts";
import { seedLimit } from "../../../src/explore/random.ts";
import { stepLimit } from "../../../src/scenario/parse.ts";
import { UsageError } from "../../errors/harness-error.ts";
import { createRunFolder } from "../../evidence/runs-folder.ts";
import { CorpusSession, tracesPlaces } from "../../explore/corpus-session.ts";
import { explore, type Explored } from "../../explore/explore.ts";
import { showExploring, summariseExplored } from "../../explore/render-explore.ts";
import { quoteForShell } from "../../qemu/quote-for-shell.ts";
import { formatJsonLine } from "../../report/json-line.ts";
import { createScreen, wantsColours } from "../../report/screen.ts";
import type { CommandContext, RegisterCommand } from "../command.ts";
import type { ExitCode } from "../exit-code.ts";
import { evidenceOption, parseDuration, parseJobs, parseLength, parseSeed, qemuOption } from "../options.ts";
import { defaultCorpus } from "../corpus.ts";
import { chooseBench } from "../run-command.ts";
import { showProgress } from "../show-progress.ts";
import type { Bench } from "../../run/bench.ts";
import { benchNames, type BenchName } from "../../run/bench-names.ts";

interface ExploreFlags {
  readonly time: number;
  readonly seed?: number;
  readonly replay?: Replay;
  readonly subject: readonly Subject[];
  readonly operations: number;
  readonly shrinkTime: number;
  readonly untilFound: boolean;
  readonly export: boolean;
  readonly bench: BenchName;
  readonly kernel?: string;
  readonly qemu?: string;
  readonly jobs?: number;
  readonly out: string;
  readonly findings: string;
  /** False where none is wanted. */
  readonly corpus: string | false;
  readonly json: boolean;
  readonly color: boolean;
}

interface Replay {
  readonly seed: number;
  readonly sequence: number;
  /** The kept sequence that it began from. */
  readonly from: string | null;
}

const notes = `
Random sequences of operations on clones, each operation drawn from the host as the model has it after those before: most are
legal, some are not. What differs from what contract and divergence ledger say is tried again on fresh clones, shrunk, and
written as a scenario (zhil run FILE) with a record beside it, and as a reproducer where it can be exported. What has the
signature of a finding that is in the folder already is counted and no more.

A sequence follows from seed, number, bench and version of zhil, and from what timing decided where the model leaves that open:
--replay plays it again. What was found is in its scenario file, whatever becomes of the seed.

On a kernel that traces where it is, such as lean/kcov, sequences that reach places that none did before are kept in the corpus, and
every other sequence begins from a kept one, with changes. Such a one is replayed with that one's name, as its finding says, and
as long as the corpus has it. The last line says how many places were reached.

Exits with 1 where something was found, else with 2 where it was interrupted, else with 0.

Examples:
  zhil explore                                ten minutes, everything
  zhil explore --time 8h --seed 7             a night
  zhil explore --subject type1 --subject resets
  zhil explore --replay 7:1234                the sequence of a finding again
  zhil explore --kernel lean/kcov --time 8h   led by where it comes in the kernel, every night further`;

/** A guest on a host has only one life, and a host of somebody's is not played with. */
const played = benchNames.filter((name) => name !== "passthrough" && name !== "lpar");

/** `zhil explore` */
export const registerExplore: RegisterCommand = (program, context) => {
  program
    .command("explore")
    .description("Plays random sequences of operations and judges each: for what nobody wrote a scenario for.")
    .option("--time <duration>", "how long, such as 90s, 10m or 8h", parseDuration, 10 * 60_000)
    .option("--seed <n>", "the seed of its sequences; any where absent, and printed", parseSeed)
    .addOption(
      new Option("--replay <seed:number[@kept]>", "one sequence again, as a finding says").argParser(parseReplay),
    )
    .addOption(
      new Option("--subject <name>", `only sequences about this; repeat for more: ${subjects.join(", ")}`)
        .argParser(collectSubject)
        .default([], "all that the bench has what it takes for"),
    )
    .option("--operations <n>", "operations on a clone at most", parseLength, stepLimit)
    .option("--shrink-time <duration>", "how long one finding may be shrunk", parseDuration, 60_000)
    .option("--until-found", "end with the first finding that zhil run fails", false)
    .option("--no-export", "write no reproducers")
    .addOption(new Option("--bench <bench>", "what to play on").choices(played).default("emulated"))
    .option("--kernel <bzImage>", "the kernel, as zhil run takes it (ZHIL_KERNEL)")
    .addOption(qemuOption())
    .option("-j, --jobs <n>", "clones at a time (default: two for each processor)", parseJobs)
    .option("--findings <dir>", "where findings are kept, and earlier ones known from", "zhil-findings")
    .option("--corpus <dir>", "where sequences are kept, on a kernel that traces where it is", defaultCorpus)
    .option("--no-corpus", "keep none, and begin from none")
    .addOption(evidenceOption())
    .option("--json", "one JSON record per finding and line on standard output; the rest on standard error", false)
    .option("--no-color", "no colours")
    .addHelpText("after", notes)
    .action(async (flags: ExploreFlags) => {
      context.exit(await exploreCommand(flags, context));
    });
};

async function exploreCommand(flags: ExploreFlags, { io, services }: CommandContext): Promise<ExitCode> {
  const { replay, json } = flags;
  if (replay !== undefined && flags.seed !== undefined) {
    throw new UsageError({ what: "Cannot use --seed with --replay: that names a seed itself" });
  }
  const people = json ? io.stderr : io.stdout;
  const screen = createScreen(people, wantsColours(people, io.environment, flags.color));
  const ledger = await services.readLedger();
  await using bench = await services.openBench(
    await chooseBench({ ...flags, boot: "clone" }, io, showProgress(people, screen)),
  );
  const corpus = await openCorpus(flags, bench, io.workingFolder);
  const seed = replay?.seed ?? flags.seed ?? randomInt(seedLimit);
  const jobs = flags.jobs ?? 2 * availableParallelism();
  screen.print(
    `exploring ${bench.title}, ${String(jobs)} at a time, ` +
      (replay === undefined ? `seed ${String(seed)}` : `sequence ${String(replay.sequence)} of seed ${String(seed)}`),
  );
  const show = showExploring(screen, flags.time);
  const explored = await explore({
    ...{ bench, ledger, jobs, seed, keep: false, signal: io.interrupt },
    runFolder: await createRunFolder(resolve(io.workingFolder, flags.out), new Date()),
    reproduce: (scenario) => quoteForShell(["zhil", "run", scenario.file, ...bench.options]),
    findings: resolve(io.workingFolder, flags.findings),
    ...{ time: flags.time, length: flags.operations, only: replay?.sequence ?? null },
    ...(corpus === null ? {} : { corpus, from: replay?.from ?? null }),
    subjects: flags.subject.length === 0 ? null : flags.subject,
    ...{ untilFound: flags.untilFound, exports: flags.export },
    effort: { limit: flags.shrinkTime, tries: 3 },
    onProgress: (progress) => {
      if (progress.kind !== "found") {
        show(progress);
        return;
      }
      const file = relative(io.workingFolder, progress.finding.file);
      show({ ...progress, finding: { ...progress.finding, file } });
      if (json) io.stdout.write(formatJsonLine(progress.finding));
    },
  });
  screen.status(null);
  screen.print(summariseExplored(explored));
  return exitCodeOf(explored);
}

/**
 * The corpus that is explored with; null where the kernel does not trace where it is.
 * @throws {HarnessError} where it cannot be read, or a replay needs it and has none
 */
async function openCorpus(
  { corpus, replay }: Pick<ExploreFlags, "corpus" | "replay">,
  { profile }: Bench,
  workingFolder: string,
): Promise<CorpusSession | null> {
  if (tracesPlaces(profile)) {
    return CorpusSession.open(corpus === false ? null : resolve(workingFolder, corpus), profile);
  }
  const from = replay?.from ?? null;
  if (from === null) return null;
  throw new UsageError({
    what: `Cannot begin from "${from}": this kernel does not trace which of its places are reached`,
    remedy: "Use the kernel of the finding, such as --kernel lean/kcov",
  });
}

const exitCodeOf = ({ findings, interrupted }: Explored): ExitCode => (findings.length > 0 ? 1 : interrupted ? 2 : 0);

function parseReplay(text: string): Replay {
  const read = /^(\d{1,10}):(\d{1,9})(?:@(kept-[0-9a-f]{12}))?$/u.exec(text);
  if (read === null || Number(read[1]) >= seedLimit) {
    throw new InvalidArgumentError("Expected a seed and the number of a sequence, such as 7:1234.");
  }
  return { seed: Number(read[1]), sequence: Number(read[2]), from: read[3] ?? null };
}

function collectSubject(text: string, earlier: readonly Subject[]): Subject[] {
  const found = subjects.find((each) => each === text);
  if (found === undefined) throw new InvalidArgumentError(`Expected one of ${subjects.join(", ")}.`);
  return [...earlier, found];
}
