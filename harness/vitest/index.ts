/**
 * `zpci-hil/vitest`: tests of one's own on real kernels. What a test names, it gets; what it got ends with it, whatever
 * becomes of it (docs/vitest.md).
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { expect, test as base } from "vitest";
import type { Observation } from "../../src/trace/observation.ts";
import { locateQemu } from "../assets/fetch-qemu.ts";
import { locateKernel } from "../kernel/debian-name.ts";
import type { Bench } from "../run/bench.ts";
import type { BenchName } from "../run/bench-names.ts";
import type { BootKind } from "../run/boot-kinds.ts";
import { openEmulatedBench } from "../run/emulated-bench.ts";
import { openModelBench } from "../run/model-bench.ts";
import { escapeLine } from "../report/escape.ts";
import { readLedger } from "../scenarios/read-ledger.ts";
import { Guest, type PlannedTrace } from "./guest.ts";
import { agentOf, deviceOf, type AgentHandle, type DeviceHandle } from "./handles.ts";
import { hostOf, type HostHandle, type ScenarioRun } from "./host.ts";
import type { MachineOptions } from "./machine-options.ts";
import { matchModel, matchTrace, type MatchModelOptions } from "./matchers.ts";
import type { Step } from "./step.ts";

export { expect };
export type {
  AgentHandle,
  Bench,
  DeviceHandle,
  Guest,
  HostHandle,
  MachineOptions,
  MatchModelOptions,
  Observation,
  PlannedTrace,
  ScenarioRun,
  Step,
};

/** What tests run on; `provide: { zhil: … }` in vitest's configuration wins. */
export interface ZhilOptions {
  /** Default: `emulated`. */
  readonly bench?: BenchName;
  /** As `--kernel` of `zhil run`; default: ZHIL_KERNEL, else the prepared one. */
  readonly kernel?: string;
  /** As `--qemu`; default: ZHIL_QEMU, else the prepared one. */
  readonly qemu?: string;
  /** As `--boot`; default: `clone`. */
  readonly boot?: BootKind;
}

/** What a test may name. */
export interface ZhilFixtures {
  /** What its file runs on: to be set with `test.override({ zhil: { bench: "model" } })` at the file's top. */
  readonly zhil: ZhilOptions;
  /** What its machine has: `test.override({ machine: { functions: { a: "witness" } } })`, by file or `describe`. */
  readonly machine: Partial<MachineOptions>;
  /** The bench of its file, opened once. */
  readonly bench: Bench;
  /** A folder for it, which is kept where it fails. */
  readonly evidence: string;
  /** Runs whole scenarios. */
  readonly host: HostHandle;
  /** A pristine kernel of its own; started by the first operation. */
  readonly guest: Guest;
  /** The machine's first function. */
  readonly device: DeviceHandle;
  /** Performs operations in the guest. */
  readonly agent: AgentHandle;
}

interface FileFixtures {
  readonly zhil: ZhilOptions;
  readonly bench: Bench;
}

const usualMachine: MachineOptions = {
  ...{ functions: { a: "nvme" }, buffers: { p: 1, q: 1 }, kernelParameters: [], interrupts: false },
};
const never = new AbortController().signal;

function openBench({ bench = "emulated", kernel, qemu, boot = "clone" }: ZhilOptions): Promise<Bench> {
  if (bench === "model") return Promise.resolve(openModelBench());
  const here = process.cwd();
  return openEmulatedBench({
    kernel: kernel === undefined || kernel === "lean" ? null : locateKernel(kernel, here),
    qemu: qemu === undefined || qemu === "newest" ? null : locateQemu(qemu, resolve(here)),
    ...{ boot, report: () => undefined, signal: never },
  });
}

/** Vitest's `test`, with what a test on a kernel needs. */
export const test = base
  .extend("zhil", { scope: "file", injected: true }, {} as ZhilOptions)
  .extend("machine", {} as Partial<MachineOptions>)
  .extend("bench", { scope: "file" }, async ({ zhil }: Pick<FileFixtures, "zhil">, { onCleanup }): Promise<Bench> => {
    const bench = await openBench(zhil);
    onCleanup(() => bench[Symbol.asyncDispose]());
    return bench;
  })
  .extend("evidence", async ({ task }, { onCleanup }): Promise<string> => {
    const folder = await mkdtemp(join(tmpdir(), "zhil-test-"));
    onCleanup(async () => {
      if (task.result?.state !== "fail") {
        await rm(folder, { recursive: true, force: true });
        return;
      }
      // For reports, and for whoever looks on.
      task.meta.evidence = folder;
      process.stderr.write(`The evidence of "${escapeLine(task.name)}" is in ${folder}\n`);
    });
    return folder;
  })
  .extend("host", async ({ bench, evidence, signal }): Promise<HostHandle> =>
    hostOf({ bench, ledger: await readLedger(), folder: evidence, signal }),
  )
  .extend("guest", ({ bench, evidence, machine, signal }, { onCleanup }): Guest => {
    const guest = new Guest({ bench, machine: { ...usualMachine, ...machine }, folder: evidence, signal });
    onCleanup(() => guest[Symbol.asyncDispose]());
    return guest;
  })
  .extend("agent", ({ guest }): AgentHandle => agentOf(guest))
  .extend("device", ({ guest, machine }): DeviceHandle => {
    const { functions } = { ...usualMachine, ...machine };
    return deviceOf(guest, functions, Object.keys(functions)[0] ?? "");
  });

expect.extend({ toMatchModel: matchModel, toMatchTrace: matchTrace });

declare module "vitest" {
  interface Matchers<T> {
    /** What the trace shows is what the model predicts: the contract, or what the ledger knows. To be awaited. */
    toMatchModel: (options?: MatchModelOptions) => Promise<T>;
    /** The trace shows the same as another, or as that of an evidence folder. To be awaited. */
    toMatchTrace: (expected: Pick<PlannedTrace, "steps"> | string) => Promise<T>;
  }
  interface TaskMeta {
    /** Folder of what a test that failed left. */
    evidence?: string;
  }
  interface ProvidedContext {
    zhil: ZhilOptions;
  }
}
