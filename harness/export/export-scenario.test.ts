import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { afterEach, beforeEach, expect, it } from "vitest";
import { makePlan } from "../../src/plan/make-plan.ts";
import type { Plan } from "../../src/plan/plan.ts";
import { parseScenario } from "../../src/scenario/parse.ts";
import { modelProfile } from "../../src/target/model-target.ts";
import { guestProfile } from "../../src/testing/host-profile.ts";
import type { Profile } from "../../src/trace/profile.ts";
import { projectRoot } from "../assets/project-root.ts";
import { instructionPlaces } from "../gdb/kernel-instructions.ts";
import { readLedger } from "../scenarios/read-ledger.ts";
import { readNamed } from "../scenarios/read-scenarios.ts";
import { exportScenario } from "./export-scenario.ts";
import { findHindrance } from "./find-hindrance.ts";
import { findReproducer } from "./find-reproducer.ts";
import type { ExportedHost } from "./write-host.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "zt-"));
  await writeFile(join(folder, "kernel"), "a kernel");
  await writeFile(join(folder, "agent.gz"), gzipSync("an agent"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const plan = (device: string, steps: string, profile: Omit<Profile, "functions"> = modelProfile): Plan =>
  makePlan(
    parseScenario(
      `name: sample\nsummary: A sample of something that is exported\ntags: [test]\nfunctions: { a: ${device} }\nbuffers: { p: 1 }\nsteps:\n${steps}\n`,
      "sample.yaml",
    ),
    profile,
  );
const attach = "  - take-iommufd: { function: a }\n  - ioas-alloc: { ioas: A }\n  - attach: { function: a, to: A }";
const exportTo = (out: string, what = plan("nvme", attach), host?: ExportedHost): Promise<void> =>
  exportScenario(
    {
      ...{ plan: what, summary: "Something", quirks: new Set<never>() },
      ...{ kernel: join(folder, "kernel"), initramfs: join(folder, "agent.gz") },
      ...(host === undefined ? {} : { host }),
    },
    out,
  );

it("writes all that is needed, the operations beside the agent in the initramfs", async () => {
  const out = join(folder, "out");
  await exportTo(out);
  expect((await readdir(out)).sort()).toEqual([...["bzImage", "initramfs.gz", "medium-32.raw", "operations", "run"]]);
  const operations = await readFile(join(out, "operations"), "utf8");
  expect(operations).toContain('{"op":"attach","function":"a","to":"A"}');
  expect(operations).toMatch(/# 5 {2}attach function=a to=A\n# {4}expected: OK\n\{/u);
  const initramfs = gunzipSync(await readFile(join(out, "initramfs.gz"))).toString();
  expect(initramfs.startsWith("an agent070701")).toBe(true);
  expect(initramfs).toContain(operations);
  expect((await stat(join(out, "run"))).mode & 0o111).toBe(0o111);
  const run = await readFile(join(out, "run"), "utf8");
  expect(run).toContain(`-device '{"driver":"zpci","id":"zpci-a","uid":1,"fid":32,"target":"function-a"}'`);
  expect(run).not.toContain(folder);
});

it("writes into no folder that has something in it", async () => {
  await expect(exportTo(folder)).rejects.toThrow("it is not empty");
});

it.each([
  ["witness", attach, 'function "a" (witness) is served by zhil itself'],
  ["nvme", "  - host-reset: { function: a }", "step 1 (host-reset) is done on a guest's host"],
  ["nvme", "  - drive: { function: a }", "step 1 (drive) takes a driver of the kernel's, which is kept out here"],
])("says what of a %s it cannot export", async (device, steps, reason) => {
  expect(findHindrance(plan(device, steps))).toBe(reason);
  await expect(exportTo(join(folder, "out"), plan(device, steps))).rejects.toThrow(reason);
});

it("writes a debugger's part beside a scenario that takes one, and tells it before and after each such step", async () => {
  const out = join(folder, "out");
  const unmap =
    "  - ioas-unmap: { ioas: A, iova: base, length: 0x1000 }\n    during: [{ at: before-flush, flush: { function: a, iova: base, length: 0x1000 } }]";
  const map = "  - ioas-map: { ioas: A, iova: base, buffer: p }";
  const what = plan("nvme", `  - event: { function: a, code: "0x003a" }\n${attach}\n${map}\n${unmap}`);
  await exportTo(out, what);
  expect((await readdir(out)).sort()).toEqual([
    ...["answers.py", "bzImage", "guest.py", "initramfs.gz", "machine", "medium-32.raw", "operations", "run"],
  ]);
  for (const script of ["run", "machine"]) expect((await stat(join(out, script))).mode & 0o111).toBe(0o111);
  const lines = (await readFile(join(out, "operations"), "utf8")).split("\n");
  const told = lines.flatMap((line, index) =>
    line.startsWith("@") ? [[JSON.parse(line.slice(1)), lines[index + 1]]] : [],
  );
  expect(told).toEqual([
    [{ places: instructionPlaces }, "#"],
    [{ event: { fid: 32, code: "0x003a", stale: false } }, '{"op":"event"}'],
    [{}, "#"],
    [
      { stops: [expect.objectContaining({ symbols: ["zpci_refresh_trans"], side: "entry", of: null })] },
      '{"op":"ioas-unmap","ioas":"A","iova":"0x100000000","length":"0x1000","ahead":true}',
    ],
    [{}, "# done"],
  ]);
});

it("writes a host that starts its guest, with its functions under other numbers", async () => {
  await writeFile(join(folder, "root"), "a root");
  const out = join(folder, "out");
  const { functions: _, ...limited } = plan("nvme", attach, guestProfile).profile;
  const onContainer = { ...limited, host: { ...guestProfile.host, backend: "container", dmaEntryLimit: 8 } } as const;
  const host = { kernel: join(folder, "kernel"), root: join(folder, "root"), memoryMiB: 1024, commandLine: "quiet" };
  await exportTo(out, plan("nvme", attach, onContainer), host);
  expect((await readdir(out)).sort()).toEqual([
    ...["guest", "host-bzImage", "host-initramfs", "medium-288.raw", "operations", "run"],
  ]);
  const packed = await readFile(join(out, "host-initramfs"));
  expect(packed.subarray(0, 6).toString()).toBe("a root");
  const members = gunzipSync(packed.subarray(6)).toString("latin1");
  const guest = await readFile(join(out, "guest"), "utf8");
  expect(members).toContain(guest);
  expect(members).toContain("0101:00:00.0\n");
  expect(guest).toContain(`'{"driver":"vfio-pci","id":"function-a","host":"0101:00:00.0"}'`);
  const run = await readFile(join(out, "run"), "utf8");
  expect(run).toContain("vfio_iommu_type1.dma_entry_limit=8");
  expect(run).toContain('"uid":257,"fid":288');
  await exportTo(join(folder, "iommufd"), plan("nvme", attach, guestProfile), host);
  expect(await readFile(join(folder, "iommufd/guest"), "utf8")).toContain('"iommufd":"iommufd0"');
  expect(await readFile(join(folder, "iommufd/run"), "utf8")).not.toContain("dma_entry_limit");
  const event = '  - event: { function: a, code: "0x003a" }';
  expect(findHindrance(plan("nvme", event, guestProfile))).toBe("a guest on a host has no debugger");
});

it("has a debugger pass on to QEMU's monitor that a function is to be unplugged", async () => {
  const out = join(folder, "out");
  await exportTo(out, plan("nvme", "  - bind: { function: a }\n  - unplug: { function: a }"));
  const lines = (await readFile(join(out, "operations"), "utf8")).split("\n");
  const told = lines.indexOf('@{"monitor":"device_del function-a"}');
  expect(lines.slice(told + 1, told + 3)).toEqual(['{"op":"unplug","function":"a"}', "@{}"]);
});

it("has a reproducer of every entry of the ledger, but for those that docs/evidence.md names", async () => {
  const ledger = await readLedger();
  const scenarios = await readNamed(ledger.flatMap(({ evidence }) => evidence));
  const reproducers = new Map(ledger.map((entry) => [entry.name, findReproducer(entry, ledger, scenarios)]));
  const without = [...reproducers].flatMap(([name, { scenario }]) => (scenario === null ? [name] : []));
  const page = await readFile(join(projectRoot, "docs/evidence.md"), "utf8");
  const [, section = ""] = page.split("Every entry of the ledger has a scenario that can be, but for");
  const told = [...(section.split("\n\n")[0] ?? "").matchAll(/`([a-z-]+)`/gu)].flatMap(([, name]) => name ?? []);
  expect(told.sort()).toEqual(without.sort());
  expect(reproducers.get("shadow-by-rpcit")).toEqual({
    ...{ scenario: "replace-populated-ioas", needs: "QEMU", bench: "emulated", kernel: null },
  });
  expect(reproducers.get("refused-flush-ends-unmap")).toEqual({
    ...{ scenario: "answer-type1-unmap-refused@nvme", needs: "QEMU and gdb", bench: "emulated", kernel: "lean/6.1" },
  });
});

it("calls nothing a reproducer that does not show its entry", async () => {
  const ledger = await readLedger();
  const scenarios = await readNamed(["access-write-only", "attach-detach", "answer-rpcit-unmap-refused"]);
  const entry = ledger.find(({ name }) => name === "write-only-readable");
  const of = (changes: object): unknown => findReproducer({ ...entry!, ...changes }, ledger, scenarios);
  expect(of({})).toMatchObject({ scenario: "access-write-only" });
  expect(of({ evidence: ["attach-detach"] })).toEqual({
    ...{ scenario: null, why: "none of its scenarios shows it" },
  });
  expect(of({ benches: ["passthrough"] })).toMatchObject({ bench: "passthrough" });
  expect(of({ benches: ["passthrough"], evidence: ["answer-rpcit-unmap-refused@nvme"] })).toMatchObject({
    why: "a guest on a host has no debugger",
  });
});
