import { expect, it } from "vitest";
import type { QuirkName } from "../model/quirks.ts";
import { assessLedger, type Sighting } from "./divergence-status.ts";
import type { Divergence } from "./ledger.ts";

const ledgerOf = (name: QuirkName): readonly Divergence[] => [
  {
    ...{ name, title: "An entry for tests", fault: "unknown", kernel: {}, qemu: {}, benches: ["emulated"] },
    ...{ firstSeen: "2026-11-21", lastConfirmed: "2026-11-21", contract: "x", observed: "x", analysis: "x" },
    ...{ evidence: [], sometimes: false, sources: [] },
  },
];
const old = { firstSeen: "2026-01-01", lastConfirmed: "2026-01-02" };
const ledger = [
  { ...ledgerOf("shadow-by-rpcit")[0]!, ...old },
  { ...ledgerOf("blocked-dma-silent")[0]!, ...old },
  { ...ledgerOf("write-only-readable")[0]!, firstSeen: "2026-11-20" },
  { ...ledgerOf("reset-stops-at-zpci")[0]!, ...old, sometimes: true },
];
const sighting = (scenario: string, known: readonly string[], stale: readonly string[] = []): Sighting => ({
  ...{ scenario, known, stale },
  day: "2026-11-21",
});

it("has stale entries first, then new ones, then what showed, then what did not", () => {
  const found = assessLedger(
    ledger,
    [
      sighting("one", ["shadow-by-rpcit"]),
      sighting("two", ["shadow-by-rpcit", "reset-stops-at-zpci"], ["blocked-dma-silent"]),
      sighting("three", [], ["reset-stops-at-zpci"]),
    ],
    "2026-11-22",
  );
  expect(found.map(({ entry, state }) => [entry.name, state])).toEqual([
    ["blocked-dma-silent", "stale"],
    ["write-only-readable", "new"],
    ["reset-stops-at-zpci", "confirmed"],
    ["shadow-by-rpcit", "confirmed"],
  ]);
  expect(found.at(-1)).toMatchObject({ shown: ["one", "two"], missed: [], lastConfirmed: "2026-11-21" });
  expect(found[0]).toMatchObject({ missed: ["two"], lastConfirmed: "2026-01-02" });
});

it("says of an entry that no run has that it was not seen", () => {
  expect(assessLedger(ledger.slice(0, 1), [], "2026-11-22")[0]?.state).toBe("unseen");
});
