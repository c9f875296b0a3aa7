/**
 * What became of a function that VFIO has open once it is in the error state changed twice: each change is attributed to the
 * first of Debian's kernels that has it, and the model, which has the rule from the source (src/model/recovery.ts), expects it there.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { compareVersions } from "../assets/debian-version.ts";
import { realServices } from "../cli/services.ts";
import { callCli, type Call } from "../testing/call-cli.ts";
import { temporaryFolder } from "../testing/scenario-files.ts";
import type { BisectReport } from "./bisect-report.ts";

const scenario = "type1-error-event-recovery";
const services = { readLedger: realServices.readLedger };

/** Versions of Debian's as they are named here, without `debian/`. */
const versionOf = (name = ""): string => name.replace("debian/", "");

async function bisect(
  folder: string,
  ends: readonly [string, string],
  ...options: readonly string[]
): Promise<BisectReport> {
  const argv = ["bisect", "--between", ...ends, ...options, scenario];
  const { code, stderr } = await callCli(argv, { workingFolder: folder, services });
  expect([stderr, code]).toEqual(["", 0]);
  return JSON.parse(await readFile(join(folder, "zhil-bisect/report.json"), "utf8")) as BisectReport;
}

/** Judges what a kernel showed by the rules of its own version. */
const check = (folder: string, evidence: string): Promise<Call> =>
  callCli(["check", evidence, "--json"], { workingFolder: folder, services });

const verdictsOf = ({ stdout }: Call): readonly (readonly [string, string | null])[] =>
  stdout
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line) as { verdict: string; recorded: string | null })
    .map(({ verdict, recorded }) => [verdict, recorded]);

it.each([
  // Linux 7.0: a driver that has only error_detected, as vfio-pci, gets its function unblocked.
  { ends: ["debian/6.12", "debian/7.2"], as: "6.12", first: "7.2", before: "6.12", sought: "11:result=OK" },
  // Linux 7.3, VFIO_PCI_ZDEV_KVM: it is left to whoever has the function open.
  { ends: ["debian/7.2", "debian/7.3"], as: "7.2", first: "7.3", before: "7.2", sought: "11:result=ENODEV" },
] as const)("attributes what changed after Linux $before to $first", async ({ ends, as, first, before, sought }) => {
  await using folder = await temporaryFolder();
  const report = await bisect(folder.path, ends, "--as", as, "--seek", sought);
  expect(report).toMatchObject({ find: "bad", judgedAs: as, sought, doubt: "none", rate: 1 });
  expect(report.confidence).toBeGreaterThanOrEqual(0.95);
  expect(report.found).toHaveLength(1);
  const found = versionOf(report.found[0]?.commit);
  const without = versionOf(report.without?.commit);
  expect(found).toMatch(new RegExp(`^${first}\\D`, "u"));
  expect(without).toMatch(new RegExp(`^${before}\\D`, "u"));
  // Nothing between the two was passed over.
  const versions = (
    await realServices.listVersions({ report: () => undefined, signal: new AbortController().signal })
  )
    .toSorted(compareVersions)
    .filter((version) => compareVersions(version, without) > 0 && compareVersions(version, found) < 0);
  expect(versions).toEqual([]);
  const verdicts = verdictsOf(await check(folder.path, report.with?.evidence ?? ""));
  expect(verdicts).toEqual([["pass", "fail"]]);
  expect(verdictsOf(await check(folder.path, report.without?.evidence ?? ""))).toEqual([["pass", "pass"]]);
});
