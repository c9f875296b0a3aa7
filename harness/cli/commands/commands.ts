import type { RegisterCommand } from "../command.ts";
import { outlineOf, readOutlines, registerOutline, type CommandOutline } from "./outlines.ts";

/** Every subcommand by its name, in the order of the help. A new one is a file here and a line in this list. */
const loaders = {
  run: async () => (await import("./run.ts")).registerRun,
  watch: async () => (await import("./watch.ts")).registerWatch,
  list: async () => (await import("./list.ts")).registerList,
  show: async () => (await import("./show.ts")).registerShow,
  shell: async () => (await import("./shell.ts")).registerShell,
  report: async () => (await import("./report.ts")).registerReport,
  record: async () => (await import("./record.ts")).registerRecord,
  check: async () => (await import("./check.ts")).registerCheck,
  compare: async () => (await import("./compare.ts")).registerCompare,
  divergences: async () => (await import("./divergences.ts")).registerDivergences,
  domain: async () => (await import("./domain.ts")).registerDomain,
  export: async () => (await import("./export.ts")).registerExport,
  init: async () => (await import("./init.ts")).registerInit,
  kernel: async () => (await import("./kernel.ts")).registerKernel,
  bisect: async () => (await import("./bisect.ts")).registerBisect,
  "bisect-step": async () => (await import("./bisect-step.ts")).registerBisectStep,
  explore: async () => (await import("./explore.ts")).registerExplore,
  corpus: async () => (await import("./corpus.ts")).registerCorpus,
  mutants: async () => (await import("./mutants.ts")).registerMutants,
  coverage: async () => (await import("./coverage.ts")).registerCoverage,
  kselftest: async () => (await import("./kselftest.ts")).registerKselftest,
  nightly: async () => (await import("./nightly.ts")).registerNightly,
  history: async () => (await import("./history.ts")).registerHistory,
  plan: async () => (await import("./plan.ts")).registerPlan,
  merge: async () => (await import("./merge.ts")).registerMerge,
  worker: async () => (await import("./worker.ts")).registerWorker,
  bench: async () => (await import("./bench.ts")).registerBench,
  "bench-explore": async () => (await import("./bench-explore.ts")).registerBenchExplore,
  doctor: async () => (await import("./doctor.ts")).registerDoctor,
  release: async () => (await import("./release.ts")).registerRelease,
} satisfies Readonly<Record<string, () => Promise<RegisterCommand>>>;

/** Names of the subcommands. */
export const commandNames = Object.keys(loaders) as (keyof typeof loaders)[];

/**
 * Loads the subcommand that the arguments begin with, or that help is asked of, which starts faster than with all of them; else outlines of
 * all, for the help or to say what was meant.
 * @param outlines null where nobody made any: all are loaded then
 */
export async function loadCommands(
  [first, second]: readonly string[],
  outlines: readonly CommandOutline[] | null = readOutlines(),
): Promise<readonly RegisterCommand[]> {
  const named = commandNames.find((each) => each === (first === "help" ? second : first));
  if (named !== undefined) return [await loaders[named]()];
  return outlines?.map(registerOutline) ?? loadAll();
}

const loadAll = (): Promise<readonly RegisterCommand[]> => Promise.all(commandNames.map((each) => loaders[each]()));

/** Outlines of all subcommands, for who builds the program. */
export const outlineCommands = async (): Promise<readonly CommandOutline[]> => outlineOf(await loadAll());
