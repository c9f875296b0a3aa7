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

/** Of a profile, what decides which entries hold. */
interface Versions {
  readonly bench: string;
  readonly kernel: { readonly version: string };
  readonly qemu: { readonly version: string };
  readonly hypervisor?: string;
}

/**
 * Whether a QEMU of which nothing else is known executes the zPCI of a real host: a guest of KVM, or of QEMU alone.
 * Ground: arch/s390/kvm/priv.c, handle_stsi_3_2_2, and QEMU target/s390x/tcg/misc_helper.c, helper_stsi, both name the control program
 * "KVM/Linux"; QEMU hw/s390x/s390-pci-inst.c executes the instructions for both.
 */
export const isOnSomeQemu = ({ bench, hypervisor }: Pick<Versions, "bench" | "hypervisor">): boolean =>
  bench === "lpar" && hypervisor?.startsWith("KVM/") === true;

/** What a kernel does wrong by itself it does wherever it runs, also on hosts that no entry was found on; and a QEMU likewise. */
const holdsOn = ({ benches, fault }: Divergence, profile: Versions): boolean =>
  (benches as readonly string[]).includes(profile.bench) ||
  (profile.bench === "lpar" && (fault === "kernel" || isOnSomeQemu(profile)));

/** The quirks that a profile is known to have. */
export function quirksOf(ledger: Ledger, profile: Versions): Set<QuirkName> {
  return new Set(
    ledger
      .filter(
        (entry) =>
          holdsOn(entry, profile) &&
          holds(entry.kernel, profile.kernel.version) &&
          // Of a version that nobody tells any may hold: one that does not is found to be stale.
          (isOnSomeQemu(profile) || holds(entry.qemu, profile.qemu.version)),
      )
      .map((entry) => entry.name),
  );
}
