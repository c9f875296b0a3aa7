import type { RegisterCommand } from "../command.ts";

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

/** Loads the subcommand that the arguments begin with, which starts faster than with all of them; else all, for the help or to say what was meant. */
export async function loadCommands([name]: readonly string[]): Promise<readonly RegisterCommand[]> {
  const known = commandNames.filter((each) => each === name);
  return Promise.all((known.length > 0 ? known : commandNames).map((each) => loaders[each]()));
}
