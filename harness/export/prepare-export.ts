/** What a scenario is exported with: the machine that it is for, and what is known of that. */
import { makePlan } from "../../src/plan/make-plan.ts";
import type { Scenario } from "../../src/scenario/scenario.ts";
import type { Profile } from "../../src/trace/profile.ts";
import { quirksOf } from "../../src/verdict/ledger.ts";
import type { Assets } from "../assets/assets.ts";
import { prepareAssets } from "../assets/prepare-assets.ts";
import type { ReportProgress } from "../assets/progress.ts";
import { describeMachineOn } from "../run/emulated-bench.ts";
import { hostCommandLine, hostMemoryMiB, prepareGuest } from "../run/passthrough-bench.ts";
import { readLedger } from "../scenarios/read-ledger.ts";
import type { Exported } from "./export-scenario.ts";
import type { ExportedHost } from "./write-host.ts";

/** What is asked for. */
export interface ExportOptions {
  readonly bench: "emulated" | "passthrough";
  /** The kernel, where it is not the prepared one. */
  readonly kernel: string | null;
  readonly report: ReportProgress;
  readonly signal: AbortSignal;
}

interface Prepared {
  readonly assets: Assets;
  readonly profile: Omit<Profile, "functions">;
  readonly host?: ExportedHost;
}

/**
 * Prepares what a scenario is exported with.
 * @throws {HarnessError} where something cannot be had
 */
export async function prepareExport(scenario: Scenario, options: ExportOptions): Promise<Exported> {
  const { assets, profile, host } =
    options.bench === "passthrough" ? await prepareOnHost(scenario, options) : await prepareMachine(options);
  const plan = makePlan(scenario, profile);
  return {
    ...{ plan, summary: scenario.summary, kernel: assets.kernel.image, initramfs: assets.initramfs.path },
    quirks: quirksOf(await readLedger(), plan.profile),
    ...(host === undefined ? {} : { host }),
  };
}

async function prepareMachine({ kernel, report, signal }: ExportOptions): Promise<Prepared> {
  const assets = await prepareAssets({ ...(kernel === null ? {} : { kernel }), report, signal });
  return { assets, profile: (await describeMachineOn(assets)).profile };
}

/** A guest and its host; only a container counts its mappings. */
async function prepareOnHost({ dmaEntryLimit }: Scenario, options: ExportOptions): Promise<Prepared> {
  const backend = dmaEntryLimit === undefined ? "iommufd" : "container";
  const { assets, hostKernel, hostRoot, profile } = await prepareGuest({ ...options, qemu: null, backend });
  const host = {
    ...{ kernel: hostKernel.image, root: hostRoot.path },
    ...{ memoryMiB: hostMemoryMiB, commandLine: hostCommandLine },
  };
  return { assets, profile, host };
}
