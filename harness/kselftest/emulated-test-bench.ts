/** Tests on the `emulated` bench: every machine a clone of a template whose initramfs has the programs beside the agent. */
import { addModules } from "../assets/add-modules.ts";
import { findCacheRoot } from "../assets/cache.ts";
import { withLock } from "../assets/file-lock.ts";
import { prepareAssets } from "../assets/prepare-assets.ts";
import type { Preparation } from "../assets/preparation.ts";
import type { ReportProgress } from "../assets/progress.ts";
import { findAlarms } from "../agent/alarms.ts";
import type { Initramfs } from "../assets/assets.ts";
import { ClosedError, TimeLimitError, UsageError } from "../errors/harness-error.ts";
import { kernelLock, takeChosenTree } from "../kernel/prepare-kernel.ts";
import { restoreTree } from "../kernel/patched-tree.ts";
import { reapLeftovers } from "../lifecycle/reap-leftovers.ts";
import { ResourceScope } from "../lifecycle/resource-scope.ts";
import { createScratch } from "../lifecycle/scratch.ts";
import { escapeText } from "../report/escape.ts";
import { describeMachineOn, supplyTemplatesFor } from "../run/emulated-bench.ts";
import { bootMachine } from "../target/boot-machine.ts";
import { limitsOf, type MachineOptions } from "../target/emulated-options.ts";
import { examineSilence } from "../target/examine-silence.ts";
import { findMachineEnd, makeEndError } from "../target/machine-failure.ts";
import type { BootedMachine } from "../target/machine-source.ts";
import { scaleTime } from "../wait/with-limit.ts";
import { buildKselftests, readSourceVersion, type TestSource } from "./build-kselftests.ts";
import type { Collection } from "./collection.ts";
import { programEndSchema } from "./program-end.ts";
import type { ProgramCall, ProgramEnd, TestBench, TestMachine } from "./test-machine.ts";

/** What tests are run with. */
export interface TestBenchChoice {
  readonly collection: Collection;
  /** As `zhil run --kernel` takes it; the lean kernel where null. */
  readonly kernel: string | null;
  readonly qemu: string | null;
  /** A kernel source that has the tests; the one of the lean kernel where null. */
  readonly source: string | null;
  readonly report: ReportProgress;
  readonly signal: AbortSignal;
}

/** MiB of a guest: the largest test maps 256 MiB. */
const memoryMiB = 768;
/** Milliseconds that an answer may take beyond the program's own limit. */
const answerMargin = 10_000;
/** Characters of a console that are kept of a guest that is broken. */
const consoleLimit = 8_000;

/**
 * Builds the tests and opens the bench.
 * @throws {HarnessError} where something cannot be had, or the kernel is of another version than the tests
 */
export async function openTestBench(choice: TestBenchChoice): Promise<TestBench> {
  const { collection, kernel: named, qemu: program, report, signal } = choice;
  const preparation: Preparation = { root: findCacheRoot(), update: false, report, signal };
  const prepared = await prepareAssets({
    ...(named === null ? {} : { kernel: named }),
    ...(program === null ? {} : { qemu: program }),
    ...{ report, signal },
  });
  const tests = await buildTests(preparation, collection, choice.source, prepared.kernel.version);
  const assets = { ...prepared, initramfs: await addModules(preparation, prepared.initramfs, tests) };
  const { kernel, qemu } = assets;
  await reapLeftovers({ signal });
  await using scope = new ResourceScope();
  const scratch = scope.use("scratch folder", await createScratch());
  const machine = await describeMachineOn(assets, memoryMiB);
  const templates = supplyTemplatesFor(machine, assets, { scratch, report, signal });
  const options: MachineOptions = { ...machine, templates, scratch };
  const kept = scope.move();
  const flavour = kernel.flavour === undefined ? "" : ` (${kernel.flavour})`;
  return {
    title: `Linux ${kernel.version}${flavour} on QEMU ${qemu.version}`,
    kernel: { version: kernel.version, digest: kernel.digest, options: kernel.options },
    qemu: { version: qemu.version, digest: qemu.digest },
    options: [
      ...(named === null ? [] : ["--kernel", kernel.readyMade?.name ?? named]),
      ...(program === null ? [] : ["--qemu", program]),
      ...(choice.source === null ? [] : ["--source", choice.source]),
    ],
    take: (until) => takeMachine(options, until),
    [Symbol.asyncDispose]: () => kept[Symbol.asyncDispose](),
  };
}

/**
 * Builds the tests of a source, or takes them from the cache.
 * @throws {UsageError} where they are not those of the kernel
 */
async function buildTests(
  preparation: Preparation,
  collection: Collection,
  given: string | null,
  kernelVersion: string,
): Promise<Initramfs> {
  const source = given === null ? await chooseSource(preparation) : sourceOf(given);
  const version = await readSourceVersion(source.folder);
  if (seriesOf(version) !== seriesOf(kernelVersion)) {
    throw new UsageError({
      what: `Cannot run the tests of Linux ${version} on Linux ${kernelVersion}: the mock device's interface differs`,
      remedy: "Name the source of the same version by --source",
    });
  }
  return buildKselftests(preparation, collection, source);
}

const sourceOf = (folder: string): TestSource => ({ folder, version: null, reserve: (action) => action() });

/** The lean kernel's own, which is changed for a while where a patched kernel is built. */
async function chooseSource(preparation: Preparation): Promise<TestSource> {
  const tree = await takeChosenTree(preparation);
  return {
    folder: tree.source,
    version: tree.version,
    reserve: (action) =>
      withLock({ ...preparation, name: kernelLock, purpose: "reading the kernel's tests" }, async () => {
        await restoreTree(tree);
        return action();
      }),
  };
}

const seriesOf = (version: string): string => version.split(".").slice(0, 2).join(".");

async function takeMachine(options: MachineOptions, signal: AbortSignal): Promise<TestMachine> {
  await using scope = new ResourceScope();
  const booted = await bootMachine({ options, consoleFile: undefined, scope, signal });
  const kept = scope.move();
  return {
    run: (call, until) => runProgram(booted, options, call, until),
    [Symbol.asyncDispose]: () => kept[Symbol.asyncDispose](),
  };
}

async function runProgram(
  { machine, agent, watch }: BootedMachine,
  options: MachineOptions,
  call: ProgramCall,
  signal: AbortSignal,
): Promise<ProgramEnd> {
  const from = machine.console.position;
  const broken = (kind: "panic" | "hang", alarms: readonly string[]): ProgramEnd => {
    const text = escapeText(machine.console.textFrom(from));
    return { kind, alarms: [...findAlarms(text.split("\n")), ...alarms], console: text.slice(-consoleLimit) };
  };
  try {
    const until = AbortSignal.any([signal, watch.workerEnded]);
    const fields = { program: call.program, arguments: call.arguments, limit: Math.round(scaleTime(call.limit)) };
    const answer = await agent.request("run-program", fields, until, call.limit + answerMargin);
    const alarms = findAlarms(answer.log.map(({ text }) => text));
    return { kind: "ended", ...programEndSchema.parse(answer), alarms };
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof TimeLimitError) {
      const silence = await examineSilence(error, watch, machine, limitsOf(options).ping, signal);
      if (silence.kind === "hang") return broken("hang", [silence.alarm]);
      if (silence.kind === "panicked") return broken("panic", []);
      throw error;
    }
    if (!(error instanceof ClosedError)) throw error;
    const end = await findMachineEnd(error, machine);
    if (end?.kind === "panicked") return broken("panic", []);
    throw end === null ? error : makeEndError(`Cannot run "${call.program}"`, end);
  }
}
