/** What commands are made of that touches the world; tests bring their own. */
import type { Ledger } from "../../src/verdict/ledger.ts";
import type { BisectWorld } from "../bisect/bisect-world.ts";
import { examineMachine, type Finding } from "../doctor/examine-machine.ts";
import type { Bench, BenchChoice } from "../run/bench.ts";
import type { BenchName } from "../run/bench-names.ts";
import type { examineRealHost } from "../doctor/examine-real-host.ts";
import { openTestBench, type TestBenchChoice } from "../kselftest/emulated-test-bench.ts";
import { prepareNamedKernel } from "../assets/prepare-assets.ts";
import { listDebianVersions } from "../kernel/debian-kernel.ts";
import { buildCommit } from "../kernel/tree-kernel.ts";
import type { TestBench } from "../kselftest/test-machine.ts";
import { openEmulatedBench } from "../run/emulated-bench.ts";
import { openModelBench } from "../run/model-bench.ts";
import { UsageError } from "../errors/harness-error.ts";
import { readPageParts, type PageParts } from "../report/html/page-parts.ts";
import { readLedger } from "../scenarios/read-ledger.ts";

/** The services of the commands. */
export interface Services {
  /** @throws {HarnessError} where something it needs cannot be had */
  readonly openBench: (choice: BenchChoice) => Promise<Bench>;
  /** @throws {HarnessError} where an entry cannot be read */
  readonly readLedger: () => Promise<Ledger>;
  /** @throws {HarnessError} where something it needs cannot be had */
  readonly openTestBench: (choice: TestBenchChoice) => Promise<TestBench>;
  /** @throws {HarnessError} where they were not built */
  readonly readPageParts: () => Promise<PageParts>;
  /** @throws {KernelBuildError} where the commit makes no kernel */
  readonly buildCommit: BisectWorld["buildCommit"];
  /** @throws {HarnessError} where it cannot be had */
  readonly fetchKernel: typeof prepareNamedKernel;
  /** Versions of Debian's kernels that can be had. */
  readonly listVersions: typeof listDebianVersions;
  readonly examineMachine: () => Promise<readonly Finding[]>;
  readonly examineHost: typeof examineRealHost;
}

async function openConfiguredHost({ lpar, report, signal }: BenchChoice): Promise<Bench> {
  if (lpar === undefined) throw new UsageError({ what: "No host was chosen", remedy: "docs/hardware.md says how" });
  const { openLparBench } = await import("../run/lpar-bench.ts");
  return openLparBench({ ...lpar, report, signal });
}

const openers: Readonly<Record<BenchName, Services["openBench"]>> = {
  emulated: openEmulatedBench,
  // Whoever reaches no host does not load what speaks SSH.
  passthrough: async (choice) => (await import("../run/passthrough-bench.ts")).openPassthroughBench(choice),
  lpar: openConfiguredHost,
  model: () => Promise.resolve(openModelBench()),
};

/** The real ones. */
export const realServices: Services = {
  openBench: (choice) => openers[choice.name](choice),
  readLedger,
  openTestBench,
  readPageParts,
  buildCommit,
  fetchKernel: prepareNamedKernel,
  listVersions: listDebianVersions,
  examineMachine,
  examineHost: async (real, signal) => (await import("../doctor/examine-real-host.ts")).examineRealHost(real, signal),
};
