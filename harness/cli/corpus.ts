/** What `zhil corpus` does. */
import { basename, resolve } from "node:path";
import { availableParallelism } from "node:os";
import { placesOf } from "../../src/explore/corpus.ts";
import { UsageError } from "../errors/harness-error.ts";
import { createRunFolder } from "../evidence/runs-folder.ts";
import { listFolders, readEntries, type Entries } from "../explore/corpus-folder.ts";
import { countByFunction, readSymbols, type FunctionPlaces } from "../explore/corpus-functions.ts";
import { minimiseCorpus, type Minimised, type Size } from "../explore/corpus-min.ts";
import { tracesPlaces } from "../explore/corpus-session.ts";
import { escapeLine } from "../report/escape.ts";
import { formatJsonLine } from "../report/json-line.ts";
import { createScreen, wantsColours, type Screen } from "../report/screen.ts";
import type { CommandContext } from "./command.ts";
import type { ExitCode } from "./exit-code.ts";
import { chooseBench } from "./run-command.ts";
import { showProgress } from "./show-progress.ts";

/** Where sequences are kept unless somebody says otherwise. */
export const defaultCorpus = "zhil-corpus";
/** The kernel that corpora are mostly of. */
export const tracingKernel = "lean/kcov";

/** The options of all of `zhil corpus`. */
export interface CorpusFlags {
  readonly corpus: string;
  readonly kernel: string;
  readonly json: boolean;
  readonly color: boolean;
}

/** The options of `zhil corpus min`. */
export interface MinFlags extends CorpusFlags {
  readonly qemu?: string;
  readonly jobs?: number;
  readonly out: string;
}

const screenOf = ({ json, color }: CorpusFlags, { io }: Pick<CommandContext, "io">): Screen => {
  const people = json ? io.stderr : io.stdout;
  return createScreen(people, wantsColours(people, io.environment, color));
};

/** What is in a folder of a corpus. */
interface Shown {
  readonly folder: string;
  readonly entries: number;
  readonly places: number;
  /** Files that are none of this version's. */
  readonly odd: number;
  /** Where the places are; null where nobody asked, or it is another kernel. */
  readonly functions: readonly FunctionPlaces[] | null;
}

const placesIn = ({ entries }: Entries): ReadonlySet<number> =>
  new Set(entries.flatMap(({ kept }) => placesOf(kept.reached)));

/**
 * Says what a corpus has.
 * @throws {HarnessError} where it cannot be read, or there is no such kernel
 */
export async function showCorpus(
  flags: CorpusFlags & { readonly functions: boolean },
  context: CommandContext,
): Promise<ExitCode> {
  const { io, services } = context;
  const screen = screenOf(flags, context);
  const corpus = resolve(io.workingFolder, flags.corpus);
  const report = showProgress(io.stderr, screen);
  const kernel = flags.functions
    ? await services.fetchKernel({ kernel: flags.kernel, report, signal: io.interrupt })
    : null;
  const folders = await listFolders(corpus);
  for (const folder of folders) {
    const all = await readEntries(folder);
    const places = placesIn(all);
    const isOfKernel = kernel !== null && all.entries[0]?.kept.kernel === kernel.digest && kernel.vmlinux !== null;
    const functions = isOfKernel ? countByFunction(places, await readSymbols(kernel.vmlinux, io.interrupt)) : null;
    const shown: Shown = {
      ...{
        folder: basename(folder),
        entries: all.entries.length,
        places: places.size,
        odd: all.odd.length,
        functions,
      },
    };
    if (flags.json) io.stdout.write(formatJsonLine(shown));
    else printShown(shown, screen);
  }
  if (folders.length === 0 && !flags.json) screen.print(`${escapeLine(flags.corpus)} has no sequences`);
  return 0;
}

function printShown({ folder, entries, places, odd, functions }: Shown, { print, paint }: Screen): void {
  print(`${paint("strong", escapeLine(folder))}: ${String(entries)} sequences that reach ${String(places)} places`);
  if (odd > 0) print(paint("odd", `  ${String(odd)} files that this version does not know`));
  for (const { name, places: count } of functions ?? []) print(`  ${String(count).padStart(5)}  ${escapeLine(name)}`);
}

/**
 * Makes a corpus as small as it goes.
 * @throws {HarnessError} where machines or files cannot be had
 */
export async function minCorpus(flags: MinFlags, context: CommandContext): Promise<ExitCode> {
  const { io, services } = context;
  const screen = screenOf(flags, context);
  const { json, corpus, ...machine } = flags;
  const choice = { ...machine, bench: "emulated", boot: "clone" } as const;
  const ledger = await services.readLedger();
  await using bench = await services.openBench(await chooseBench(choice, io, showProgress(io.stderr, screen)));
  if (!tracesPlaces(bench.profile)) {
    throw new UsageError({
      what: `Cannot see what sequences reach: ${bench.title} does not trace it`,
      remedy: `Use a kernel with CONFIG_KCOV, such as ${tracingKernel}`,
    });
  }
  const minimised = await minimiseCorpus({
    ...{ bench, ledger, corpus: resolve(io.workingFolder, corpus), signal: io.interrupt },
    folder: await createRunFolder(resolve(io.workingFolder, flags.out), new Date()),
    jobs: flags.jobs ?? 2 * availableParallelism(),
    onPlayed: (played, of) => {
      screen.status(`${String(played)} of ${String(of)} sequences played`);
    },
  });
  screen.status(null);
  if (json) io.stdout.write(formatJsonLine(minimised));
  else for (const line of renderMinimised(minimised)) screen.print(line);
  return 0;
}

function renderMinimised({ before, after, lost, untouched }: Minimised): readonly string[] {
  const line = (when: string, { entries, operations, places }: Size): string =>
    `${when}  ${String(entries)} sequences of ${String(operations)} operations, ${String(places)} places`;
  return [
    line("before", before),
    line("after ", after),
    ...(lost === 0 ? [] : [`${String(lost)} places that were reached once were not again`]),
    ...(untouched === 0 ? [] : [`${String(untouched)} sequences could not be played, and stay as they are`]),
  ];
}
