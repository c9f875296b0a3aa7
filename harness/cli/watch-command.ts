/** What `zhil watch` does: a run, and another of what changed, until somebody ends it. */
import { existsSync } from "node:fs";
import { dirname, relative, resolve } from "node:path";
import { HarnessError, UsageError } from "../errors/harness-error.ts";
import { describeError } from "../errors/describe-error.ts";
import { locateQemu } from "../assets/fetch-qemu.ts";
import { isKernelName, locateKernel } from "../kernel/debian-name.ts";
import { findUsualConfig, loadConfig } from "../nightly/load-config.ts";
import { escapeLine } from "../report/escape.ts";
import { isScenarioPath, scenariosFolder, type ScenarioFolder } from "../scenarios/read-scenarios.ts";
import { selectScenarios } from "../scenarios/select-scenarios.ts";
import { FileWatcher } from "../watch/watch-files.ts";
import type { CommandContext } from "./command.ts";
import { readVariable, type Io } from "./io.ts";
import { readSelection } from "./options.ts";
import { runCommand, type RunFlags } from "./run-command.ts";

type Watching = Omit<CommandContext, "exit">;

/** What is run, and what decides that it is run again. */
interface Watched {
  readonly flags: RunFlags;
  /** Scenarios, by file and folder. */
  readonly sources: readonly string[];
  /** What all scenarios depend on: images of kernel and QEMU, a domain. */
  readonly shared: readonly string[];
  /** The configuration; null where there is none. */
  readonly config: string | null;
}

/**
 * Runs what is selected, then again what changed, until it is interrupted.
 * @throws {HarnessError} where there is nothing to watch
 */
export async function watchCommand(names: readonly string[], given: RunFlags, watching: Watching): Promise<void> {
  const { io } = watching;
  let watched: Watched | null = await resolveWatched(names, given, io);
  // Who mistypes a name learns of it now; later on it may be somebody's next file.
  await select(names, watched, io);
  while (watched !== null) {
    // Watched before it is read: what changes during a run is run after it.
    await using watcher = await FileWatcher.open(listPaths(watched), io.interrupt);
    await runOnce(names, watched, watching);
    watched = await follow(names, given, { watched, watcher, watching });
  }
}

/** Runs what changes; gives what is to be watched from a change of the configuration on, null once it is interrupted. */
async function follow(
  names: readonly string[],
  given: RunFlags,
  { watched, watcher, watching }: { watched: Watched; watcher: FileWatcher; watching: Watching },
): Promise<Watched | null> {
  const { io } = watching;
  const { interrupt, workingFolder } = io;
  const spell = (paths: Iterable<string>): string =>
    [...paths].map((path) => relative(workingFolder, path) || ".").join(", ");
  for (;;) {
    if (interrupt.aborted) return null;
    say(io, `Watching ${spell(listPaths(watched))}; Ctrl-C ends it`);
    const changed = await watcher.changes(interrupt).catch((error: unknown) => {
      if (interrupt.aborted) return null;
      throw error;
    });
    if (changed === null) return null;
    say(io, `Changed: ${spell(changed)}`);
    if (watched.config !== null && changed.has(watched.config)) {
      const next = await orTell(io, () => resolveWatched(names, given, io));
      if (next !== null) return next;
      continue;
    }
    const due = await orTell(io, () => findDue(names, watched, changed, io));
    if (due !== null && due.length === 0) say(io, "None of the scenarios that are watched");
    else if (due !== null) await runOnce(due === "all" ? names : due, watched, watching);
  }
}

const listPaths = ({ sources, shared, config }: Watched): readonly string[] => [
  ...sources,
  ...shared,
  ...(config === null ? [] : [config]),
];

/** What is to be run after a change: all that was selected, or some files of it. */
async function findDue(
  names: readonly string[],
  watched: Watched,
  changed: ReadonlySet<string>,
  io: Io,
): Promise<"all" | readonly string[]> {
  // Functions of scenarios' own lie beside them, and anything may import anything.
  if (watched.shared.some((path) => changed.has(path)) || ![...changed].every(isScenarioPath)) return "all";
  const { scenarios, broken } = await select(names, watched, io);
  const files = new Set([...scenarios, ...broken].map(({ file }) => resolve(io.workingFolder, file)));
  return [...changed].filter((path) => files.has(path));
}

const select = (names: readonly string[], { flags }: Watched, { workingFolder }: Io): Promise<ScenarioFolder> =>
  selectScenarios({ ...readSelection(names, flags, workingFolder), forGuests: flags.bench !== "emulated" });

/** A run. What goes wrong may go well after the next change. */
async function runOnce(names: readonly string[], { flags }: Watched, watching: Watching): Promise<void> {
  await orTell(watching.io, () => runCommand(names, flags, watching));
}

/** What comes of an action; null where it fails, which is said, or is interrupted. */
async function orTell<T>(io: Io, action: () => Promise<T>): Promise<T | null> {
  try {
    return await action();
  } catch (error) {
    if (io.interrupt.aborted) return null;
    if (!(error instanceof HarnessError)) throw error;
    for (const line of describeError(error)) say(io, line);
    return null;
  }
}

/** Options win over the configuration, as everywhere. */
async function resolveWatched(names: readonly string[], given: RunFlags, io: Io): Promise<Watched> {
  const config =
    given.config === undefined ? findUsualConfig(io.workingFolder) : resolve(io.workingFolder, given.config);
  const { config: _, ...flags } = config === null ? given : { ...given, ...(await readConfig(config, given, io)) };
  const folder = flags.scenarios === undefined ? scenariosFolder : resolve(io.workingFolder, flags.scenarios);
  const paths = names.filter((name) => isScenarioPath(name) || name.includes("/"));
  const sources = paths.length > 0 && paths.length === names.length ? paths : [folder, ...paths];
  const kernel = flags.kernel ?? readVariable(io, "ZHIL_KERNEL");
  const qemu = flags.qemu ?? readVariable(io, "ZHIL_QEMU");
  const images = [
    ...(kernel === null || isKernelName(kernel) ? [] : [locateKernel(kernel, io.workingFolder)]),
    ...(qemu === null ? [] : [resolve(io.workingFolder, qemu)].filter(existsSync)),
    ...(flags.domain === undefined ? [] : [resolve(io.workingFolder, flags.domain)]),
  ];
  const missing = images.find((path) => !existsSync(dirname(path)));
  if (missing !== undefined) throw new UsageError({ what: `Cannot watch "${missing}": its folder is not there` });
  return { flags, sources: sources.map((path) => resolve(io.workingFolder, path)), shared: images, config };
}

/** Of a configuration, what a run takes: its scenarios, its first kernel and its first QEMU. */
async function readConfig(file: string, given: RunFlags, { workingFolder }: Io): Promise<Partial<RunFlags>> {
  const { config, folder } = await loadConfig(file, workingFolder);
  const [kernel = "lean"] = config.kernels;
  const [qemu = "newest"] = config.qemus;
  const boots = given.bench !== "model";
  return {
    ...(given.scenarios !== undefined || config.scenarios.folder === null
      ? {}
      : { scenarios: resolve(folder, config.scenarios.folder) }),
    ...(!boots || given.kernel !== undefined || kernel === "lean" ? {} : { kernel: locateKernel(kernel, folder) }),
    ...(!boots || given.qemu !== undefined || qemu === "newest" ? {} : { qemu: locateQemu(qemu, folder) }),
  };
}

function say({ stderr }: Io, line: string): void {
  stderr.write(`${escapeLine(line)}\n`);
}
