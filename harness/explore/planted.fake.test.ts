import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { QuirkName } from "../../src/model/quirks.ts";
import { parseScenario } from "../../src/scenario/parse.ts";
import { modelTargetWith } from "../../src/target/model-target.ts";
import type { Bench } from "../run/bench.ts";
import { openModelBench } from "../run/model-bench.ts";
import { temporaryFolder } from "../testing/scenario-files.ts";
import { explore, type Explored, type ExploreOptions } from "./explore.ts";
import { findingSchema } from "./findings.ts";

const benchWith = (planted: QuirkName): Bench => ({
  ...openModelBench(),
  createTarget: () => modelTargetWith(new Set([planted])),
});

const run = (folder: string, bench: Bench, more: Partial<ExploreOptions> = {}): Promise<Explored> =>
  explore({
    ...{ bench, ledger: [], jobs: 2, seed: 1, keep: false, runFolder: folder, reproduce: () => "again" },
    ...{ findings: join(folder, "findings"), time: 60_000, length: 200, only: null, subjects: null },
    ...{ untilFound: true, exports: false, effort: { limit: 30_000, tries: 1 } },
    signal: new AbortController().signal,
    onProgress: () => undefined,
    ...more,
  });

describe("explore", () => {
  // Steps of the shortest way to it by what the first sequence to show it is about: an NVMe takes two where a witness takes one, a group
  // one more than a character device.
  it.each<[QuirkName, number]>([
    ["blocked-dma-silent", 7],
    ["write-only-readable", 9],
    ["reset-stops-at-zpci", 8],
  ])(
    "finds %s where it is planted, and comes to a reproducer of which nothing can be left out",
    async (planted, shortest) => {
      await using folder = await temporaryFolder();
      const { findings } = await run(folder.path, benchWith(planted));
      const [finding] = findings;
      expect(finding).toMatchObject({ verdict: "fail", confirmed: { shown: 1, tries: 1 } });
      expect(finding?.operations.shrunk).toBeLessThanOrEqual(shortest);
      expect(finding?.operations.shrunk).toBeLessThan(finding?.operations.found ?? 0);
      const text = await readFile(finding?.file ?? "", "utf8");
      expect(parseScenario(text, finding?.file ?? "").name).toBe(finding?.name);
      const record = await readFile(finding?.file.replace(".yaml", ".json") ?? "", "utf8");
      expect(findingSchema.parse(JSON.parse(record))).toEqual(finding);
    },
    240_000,
  );

  it("plays the sequence of a finding again, and knows it by its signature", async () => {
    await using folder = await temporaryFolder();
    const bench = benchWith("blocked-dma-silent");
    const [finding] = (await run(folder.path, bench)).findings;
    const again = await run(folder.path, bench, {
      ...{ seed: finding?.seed ?? 0, only: finding?.sequence ?? 0, findings: join(folder.path, "others") },
    });
    expect(again.findings[0]).toMatchObject({ signature: finding?.signature, operations: finding?.operations });
    const known = await run(folder.path, bench, { only: finding?.sequence ?? 0 });
    expect(known.findings).toEqual([]);
    expect(known.tally).toMatchObject({ sequences: 1, repeated: 1 });
  }, 240_000);

  it("finds nothing where nothing is wrong, until the time is over", async () => {
    await using folder = await temporaryFolder();
    const { findings, tally, seconds } = await run(folder.path, openModelBench(), { time: 1500 });
    expect(findings).toEqual([]);
    expect(tally.operations).toBeGreaterThan(20);
    expect(tally.busy).toBeGreaterThan(0);
    expect(seconds).toBeGreaterThan(1.4);
  });
});
