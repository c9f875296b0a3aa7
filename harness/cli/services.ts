/** What commands are made of that touches the world; tests bring their own. */
import type { Ledger } from "../../src/verdict/ledger.ts";
import type { BisectWorld } from "../bisect/bisect-world.ts";
import type { Finding } from "../doctor/examine-machine.ts";
import type { Bench, BenchChoice } from "../run/bench.ts";
import type { BenchName } from "../run/bench-names.ts";
import type { examineRealHost } from "../doctor/examine-real-host.ts";
import type { TestBenchChoice } from "../kselftest/emulated-test-bench.ts";
import type { prepareNamedKernel } from "../assets/prepare-assets.ts";
import type { listDebianVersions } from "../kernel/debian-kernel.ts";
import type { TestBench } from "../kselftest/test-machine.ts";
import { UsageError } from "../errors/harness-error.ts";
import type { PageParts } from "../report/html/page-parts.ts";

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

// Whoever boots nothing, or reaches no host, does not load what does.
const openers: Readonly<Record<BenchName, Services["openBench"]>> = {
  emulated: async (choice) => (await import("../run/emulated-bench.ts")).openEmulatedBench(choice),
  passthrough: async (choice) => (await import("../run/passthrough-bench.ts")).openPassthroughBench(choice),
  lpar: openConfiguredHost,
  model: async () => (await import("../run/model-bench.ts")).openModelBench(),
};

/** The real ones, each loaded where it is used. */
export const realServices: Services = {
  openBench: (choice) => openers[choice.name](choice),
  readLedger: async () => (await import("../scenarios/read-ledger.ts")).readLedger(),
  openTestBench: async (choice) => (await import("../kselftest/emulated-test-bench.ts")).openTestBench(choice),
  readPageParts: async () => (await import("../report/html/page-parts.ts")).readPageParts(),
  buildCommit: async (...what) => (await import("../kernel/tree-kernel.ts")).buildCommit(...what),
  fetchKernel: async (options) => (await import("../assets/prepare-assets.ts")).prepareNamedKernel(options),
  listVersions: async (options) => (await import("../kernel/debian-kernel.ts")).listDebianVersions(options),
  examineMachine: async () => (await import("../doctor/examine-machine.ts")).examineMachine(),
  examineHost: async (real, signal) => (await import("../doctor/examine-real-host.ts")).examineRealHost(real, signal),
};
