/** The benchmark: everything that is claimed about speed, measured in one run on one machine. */
import { availableParallelism, cpus, loadavg, release, totalmem } from "node:os";
import { join } from "node:path";
import { mkdir } from "node:fs/promises";
import type { Ledger } from "../../src/verdict/ledger.ts";
import type { Assets } from "../assets/assets.ts";
import type { ReportProgress } from "../assets/progress.ts";
import { describeError } from "../errors/describe-error.ts";
import { ResourceScope } from "../lifecycle/resource-scope.ts";
import { createScratch } from "../lifecycle/scratch.ts";
import { findAccelerator } from "../qemu/accelerator.ts";
import { recorder } from "../run/recorder.ts";
import type { BenchContext } from "./bench-context.ts";
import type { BenchmarkRecord } from "./benchmark-record.ts";
import { breakDown } from "./breakdown.ts";
import type { Counts } from "./counts.ts";
import { judgeMeasurements } from "./judge-measurements.ts";
import { recordRun } from "./judge-runs.ts";
import { measureCheck } from "./measure-check.ts";
import { measureDma } from "./measure-dma.ts";
import { measureMemory } from "./measure-memory.ts";
import { measureMessages } from "./measure-messages.ts";
import { measurePassthrough } from "./measure-passthrough.ts";
import { measureRuns } from "./measure-runs.ts";
import { measureScenario } from "./measure-scenario.ts";
import { measureThaw } from "./measure-thaw.ts";
import type { Measured, Measurements, Part } from "./measurements.ts";

/** A kernel that is had when it is wanted. */
export interface ReadyMadeKernel {
  readonly name: string;
  readonly prepare: () => Promise<Assets>;
}

/** How the benchmark is run. */
export interface BenchmarkOptions {
  readonly assets: Assets;
  readonly ledger: Ledger;
  /** Path of the program `zhil`. */
  readonly program: string;
  readonly parts: readonly Part[];
  readonly counts: Counts;
  /** Whether these counts are fewer than bars are set for. */
  readonly quick: boolean;
  /** Debian's kernel to compare with. */
  readonly debian: ReadyMadeKernel;
  /** Folder that is to keep the runs' evidence; none does where null. */
  readonly evidence: string | null;
  readonly report: ReportProgress;
  readonly signal: AbortSignal;
}

/**
 * Measures what is asked for, part by part; one that cannot be measured says why in its figures.
 * @throws the signal's reason where it is aborted
 */
export async function runBenchmark(options: BenchmarkOptions): Promise<BenchmarkRecord> {
  const { assets, parts, debian, signal, evidence } = options;
  const started = new Date();
  const [load = 0] = loadavg();
  await using scope = new ResourceScope();
  const parent = evidence ?? scope.use("evidence", await createScratch()).path;
  let runs = 0;
  const context: BenchContext = {
    ...options,
    createRunFolder: async () => {
      const folder = join(parent, `run-${++runs}`);
      await mkdir(folder, { recursive: true });
      return folder;
    },
  };
  const measure = async <T>(part: Part, work: () => Promise<T>): Promise<Partial<Record<Part, Measured<T>>>> => {
    if (!parts.includes(part)) return {};
    try {
      return { [part]: { found: await work() } };
    } catch (error) {
      signal.throwIfAborted();
      return { [part]: { failed: describeError(error).join("; ") } };
    }
  };
  const measurements = {
    ...(await measure("thaw", () => measureThaw(context))),
    ...(await measure("scenario", () => measureScenario(debian.prepare, context))),
    ...(await measure("memory", () => measureMemory(context))),
    ...(await measure("dma", () => measureDma(context))),
    ...(await measure("messages", () => measureMessages(context))),
    ...(await measure("check", () => measureCheck(context))),
    ...(await measure("runs", () => measureRuns(context))),
    ...(await measure("passthrough", () => measurePassthrough(context))),
  } as Measurements;
  const { runs: ran } = measurements;
  return {
    benchmark: 1,
    recorder,
    started: started.toISOString(),
    seconds: (Date.now() - started.getTime()) / 1000,
    quick: options.quick,
    host: await describeHost(load),
    kernel: { version: assets.kernel.version, digest: assets.kernel.digest },
    qemu: { version: assets.qemu.version, digest: assets.qemu.digest },
    debian: debian.name,
    figures: [...judgeMeasurements(measurements, availableParallelism())],
    breakdowns: [...breakDown(measurements)],
    runs: ran === undefined || "failed" in ran ? [] : [...ran.found.growing, ran.found.usual].map(recordRun),
    evidence,
  };
}

const describeHost = async (load: number): Promise<BenchmarkRecord["host"]> => ({
  cpu: cpus()[0]?.model.trim() ?? "unknown processor",
  cores: availableParallelism(),
  memoryMiB: Math.round(totalmem() / 2 ** 20),
  kernel: release(),
  node: process.versions.node,
  accelerator: (await findAccelerator()) ?? "tcg",
  load,
});
