/** The heart of the suite on devices that it is not written for: what a night does with all of it. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { exchangeTargets } from "../../src/scenario/exchangeable.ts";
import { ReporterGroup } from "../report/reporter.ts";
import { readLedger } from "../scenarios/read-ledger.ts";
import { scenariosFolder } from "../scenarios/read-scenarios.ts";
import { selectScenarios } from "../scenarios/select-scenarios.ts";
import { openEmulatedBench } from "./emulated-bench.ts";
import { measureCapacity } from "./measure-capacity.ts";
import { runSuite } from "./run-suite.ts";
import { defaultJobs } from "./schedule.ts";

const never = new AbortController().signal;

/** What each comes to, by how its device is reset where that matters. */
const expected = {
  "attach-detach": () => "pass",
  "unmap-stops-dma": () => "pass",
  "shared-both-dma": () => "pass",
  "replace-populated-ioas": () => "known: shadow-by-rpcit",
  "reset-flr-keeps-mappings": (device: string) =>
    ({
      "virtio-blk": "known: reset-stops-at-zpci, shadow-by-rpcit",
      e1000e: "known: power-state-resets-nothing",
    })[device] ?? "pass",
} as const;

it(
  "comes to what the model expects of each, with DMA that lands and DMA that is refused",
  { timeout: 300_000 },
  async () => {
    const folder = await mkdtemp(join(tmpdir(), "zt-"));
    try {
      const selection = { names: Object.keys(expected), tags: [], without: [], seeds: [], devices: exchangeTargets };
      const selected = await selectScenarios({ ...selection, folder: scenariosFolder, workingFolder: folder });
      await using bench = await openEmulatedBench({
        kernel: null,
        qemu: null,
        report: () => undefined,
        signal: never,
      });
      const { records } = await runSuite(selected, {
        ...{ bench, ledger: await readLedger(), runFolder: folder, keep: false, signal: never },
        reproduce: ({ name }) => `zhil run ${name}`,
        jobs: defaultJobs(measureCapacity(), "clone"),
        reporters: new ReporterGroup([]),
      });
      const came = records.map(({ scenario, verdict, known, details }) => [
        scenario,
        verdict === "known" ? `known: ${known.join(", ")}` : [verdict, ...details].join("\n"),
      ]);
      expect(Object.fromEntries(came)).toEqual(
        Object.fromEntries(
          exchangeTargets.flatMap((device) =>
            Object.entries(expected).map(([name, verdictOn]) => [`${name}@${device}`, verdictOn(device)]),
          ),
        ),
      );
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
);
