/** Nights on real kernels: the small one twice, whose comparison is right; and a kernel that is exchanged between two. */
import { copyFile, rm, symlink } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { prepareAssets } from "../assets/prepare-assets.ts";
import { projectRoot } from "../assets/project-root.ts";
import { callCli, type Call } from "../testing/call-cli.ts";
import { configText, type Said } from "../testing/nights.ts";
import { temporaryFolder } from "../testing/scenario-files.ts";
import { realServices } from "../cli/services.ts";
import { isBad, isFlaky, type MachineResult } from "./night-result.ts";

const services = { readLedger: realServices.readLedger };

async function run(folder: string, ...argv: readonly string[]): Promise<Call & { readonly said: Said }> {
  const call = await callCli(["nightly", "--json", ...argv], { workingFolder: folder, services });
  expect(call.stdout).not.toBe("");
  return { ...call, said: JSON.parse(call.stdout) as Said };
}

/** Scenarios of a machine that are bad in every attempt, and those whose attempts differ. */
const sort = ({ units }: MachineResult): { readonly bad: readonly string[]; readonly flaky: readonly string[] } => ({
  bad: units.filter((unit) => isBad(unit.verdict) && !isFlaky(unit)).map(({ scenario }) => scenario),
  flaky: units.filter(isFlaky).map(({ scenario }) => scenario),
});

it("npm run nightly:small, twice in a row: the second comparison is right", async () => {
  await using folder = await temporaryFolder();
  const argv = ["--config", join(projectRoot, "ci/nightly-small.config.ts"), "--out", "nights"];
  const first = await run(folder.path, ...argv);
  const second = await run(folder.path, ...argv);
  expect(second.said.comparison).toMatchObject({ against: first.said.night, lost: [], replaced: [], added: 0 });
  expect(second.said.machines.map(({ name }) => name)).toEqual([
    "emulated/lean/newest",
    "emulated/lean/debian/10.0",
    "emulated/lean/6.12/newest",
    "emulated/lean/6.12/debian/10.0",
  ]);
  for (const [index, machine] of second.said.machines.entries()) {
    const before = first.said.machines[index];
    expect(before).toBeDefined();
    expect(machine.units.length).toBeGreaterThan(200);
    // What the two nights say by themselves, put together by hand.
    const [then, now] = [sort(before!), sort(machine)];
    const told = (kind: string): readonly string[] =>
      second.said.comparison.changes
        .filter((change) => change.kind === kind && change.machine === machine.name)
        .map(({ scenario }) => scenario)
        .toSorted();
    const expected = (names: readonly string[]): readonly string[] => names.toSorted();
    expect(told("flaky")).toEqual(expected(now.flaky));
    expect(told("new failure")).toEqual(expected(now.bad.filter((name) => !then.bad.includes(name))));
    expect(told("still failing")).toEqual(expected(now.bad.filter((name) => then.bad.includes(name))));
    const good = (name: string): boolean => !now.bad.includes(name) && !now.flaky.includes(name);
    expect(told("fixed")).toEqual(expected(then.bad.filter(good)));
    expect([told("gone"), told("no answer any more")]).toEqual([[], []]);
  }
  const failed = second.said.machines.some(({ units }) => units.some(({ attempts }) => attempts.includes("fail")));
  const lacking = second.said.machines.some(({ units }) => units.some(({ attempts }) => attempts.includes("error")));
  expect(second.code).toBe(failed ? 1 : lacking ? 2 : 0);
});

it("attributes what another kernel does otherwise to its version, by the ledger's entry", async () => {
  await using folder = await temporaryFolder({
    "zhil.config.ts": configText({
      ...{ kernels: ["./bzImage"], qemus: ["newest"], attempts: 2 },
      scenarios: { names: ["iova-ranges-attached", "attach-detach"] },
    }),
  });
  const prepare = (kernel: string | null) =>
    prepareAssets({
      ...(kernel === null ? {} : { kernel }),
      ...{ report: () => undefined, signal: new AbortController().signal },
    });
  const image = join(folder.path, "bzImage");
  const [{ kernel: old }, { kernel: young }] = [await prepare("lean/6.12"), await prepare(null)];
  await copyFile(old.image, image);
  const first = await run(folder.path);
  expect(first).toMatchObject({ code: 0, said: { machines: [{ ran: { kernel: { version: old.version } } }] } });
  await rm(image);
  await symlink(young.image, image);
  const { said, code } = await run(folder.path);
  expect(said.comparison.replaced).toEqual([
    { machine: "emulated/./bzImage/newest", what: `kernel ${old.version} → ${young.version}` },
  ]);
  expect(said.comparison.changes.map(({ kind, scenario, why }) => ({ kind, scenario, why }))).toEqual([
    { kind: "differs", scenario: "iova-ranges-attached", why: "known aperture-top-offered; it was pass" },
  ]);
  expect(code).toBe(0);
});
