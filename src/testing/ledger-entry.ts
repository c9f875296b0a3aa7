import type { QuirkName } from "../model/quirks.ts";
import type { Ledger } from "../verdict/ledger.ts";

/** A ledger entry for tests: of that name, on kernels of that range. */
export const ledgerEntry = (name: QuirkName, kernel: Ledger[number]["kernel"] = {}): Ledger[number] => ({
  name,
  title: "An entry for tests",
  fault: "unknown",
  kernel,
  qemu: {},
  benches: ["emulated"],
  firstSeen: "2026-11-21",
  lastConfirmed: "2026-11-21",
  contract: "What was promised somewhere",
  observed: "What happens instead, on what",
  analysis: "Why, and whose fault it is",
  evidence: ["none"],
  sometimes: false,
  sources: ["none"],
});
