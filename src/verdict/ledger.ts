/** The divergence ledger: known, dated, explained differences between contract and implementations. */
import * as z from "zod";
import { quirkNames, type QuirkName } from "../model/quirks.ts";
import { compareVersions } from "../zpci/version.ts";

const version = z.string().regex(/^\d+(?:\.\d+)*$/, "a version such as 7.2");
const range = z.strictObject({
  from: version.optional().describe("First version it holds for"),
  before: version.optional().describe("First version it no longer holds for"),
});
const date = z.iso.date();

/** One entry of the ledger, as `fixtures/divergences/*.yaml` holds it. */
export const divergenceSchema = z.strictObject({
  name: z.enum(quirkNames as [QuirkName, ...QuirkName[]]).describe("The quirk's name"),
  title: z.string().min(10),
  fault: z.enum(["kernel", "emulator", "architecture", "model", "unknown"]),
  kernel: range.default({}),
  qemu: range.default({}),
  benches: z.array(z.enum(["emulated", "passthrough"])).min(1),
  firstSeen: date,
  lastConfirmed: date,
  contract: z.string().min(20).describe("What was promised, and where"),
  observed: z.string().min(20).describe("What happens, on what"),
  analysis: z.string().min(20).describe("Why, and whose fault"),
  evidence: z.array(z.string()).min(1).describe("Scenarios that show it"),
  sometimes: z.boolean().default(false).describe("Whether it takes luck: timing decides, and it may not show"),
  sources: z.array(z.string()).min(1).describe("Files and functions"),
});

/** One entry of the ledger. */
export type Divergence = z.output<typeof divergenceSchema>;

/** Every entry. */
export type Ledger = readonly Divergence[];

const holds = (limits: z.output<typeof range>, actual: string): boolean =>
  (limits.from === undefined || compareVersions(actual, limits.from) >= 0) &&
  (limits.before === undefined || compareVersions(actual, limits.before) < 0);

/** What a kernel does wrong by itself it does wherever it runs: also on hosts that no entry was found on. */
const holdsOn = ({ benches, fault }: Divergence, bench: string): boolean =>
  (benches as readonly string[]).includes(bench) || (bench === "lpar" && fault === "kernel");

/** Of a profile, what decides which entries hold. */
interface Versions {
  readonly bench: string;
  readonly kernel: { readonly version: string };
  readonly qemu: { readonly version: string };
}

/** The quirks that a profile is known to have. */
export function quirksOf(ledger: Ledger, profile: Versions): Set<QuirkName> {
  return new Set(
    ledger
      .filter(
        (entry) =>
          holdsOn(entry, profile.bench) &&
          holds(entry.kernel, profile.kernel.version) &&
          holds(entry.qemu, profile.qemu.version),
      )
      .map((entry) => entry.name),
  );
}
