/** Which way a machine is frozen, on a fake QEMU: by what it says of itself, and by whether a clone answers. */
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { createScratch, type Scratch } from "../lifecycle/scratch.ts";
import type { MachineDefinition } from "../qemu/machine.ts";
import { freezeAgent } from "./freeze-agent.ts";
import type { TemplateManifest } from "./template.ts";
import { supplyTemplates } from "./template-supply.ts";

// Whole programs are started here, on machines that may be busy.
vi.setConfig({ testTimeout: 30_000 });

const signal = new AbortController().signal;
const fakeQemu = fileURLToPath(new URL("../testing/fake-freezing-qemu.mjs", import.meta.url));
const modern = { version: [11, 1, 3], capabilities: ["events", "x-ignore-shared", "mapped-ram"] };
const old = { version: [7, 2, 22], capabilities: ["events", "x-ignore-shared"] };
const bare = { version: [7, 2, 22], capabilities: ["events"] };

let parent: string;
let root: string;
let scratch: Scratch;
let said: string[];
beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), "zt-"));
  root = join(parent, "cache");
  scratch = await createScratch({ parent });
  said = [];
});
afterEach(async () => {
  scratch.endNow();
  await rm(parent, { recursive: true });
});

/** Freezes on such a QEMU: what the template says of itself, null where there is none, and what QEMU was told. */
async function freeze(day: object, memoryMiB = 1) {
  const log = join(parent, "log");
  const machine: MachineDefinition = {
    qemu: {
      argv: [process.execPath, fakeQemu],
      environment: { FAKE_QEMU: JSON.stringify({ ...day, log }) },
    },
    ...{ kernel: "kernel", initramfs: "initramfs", commandLine: "", memoryMiB, cpus: 1, ports: ["agent"] },
  };
  const report = (progress: { kind: string; text?: string }): void => {
    if (progress.kind === "step") said.push(progress.text ?? "");
  };
  const supply = supplyTemplates(
    { machine, digests: ["one"], routine: freezeAgent("agent") },
    { root, scratch, report, signal },
  );
  const template = await supply.get();
  const commands = (await readFile(log, "utf8"))
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as { start?: string; execute?: string; uri?: string; capabilities?: unknown });
  const kept = await readdir(join(root, "template"));
  let manifest: TemplateManifest | null = null;
  if (kept.length > 0) {
    const text = await readFile(join(root, "template", kept[0]!, "manifest.json"), "utf8");
    manifest = (JSON.parse(text) as { value: TemplateManifest }).value;
  }
  const uris = commands.flatMap(({ uri }) => (uri === undefined ? [] : [uri.slice(0, uri.indexOf(":"))]));
  const starts = commands.flatMap(({ start }) => (start === undefined ? [] : [start]));
  // Nothing of the machines is left, however they ended.
  expect(await readdir(scratch.path)).toEqual(["owner.json", "processes.jsonl"]);
  return { template, manifest, uris, starts, commands };
}

it("has a QEMU that knows files write and read the state itself", async () => {
  const { manifest, uris, template } = await freeze(modern);
  expect(manifest).toMatchObject({ memory: "file", transport: "file", memoryBytes: 4096, stateBytes: 22 });
  expect(uris).toEqual(["file", "file"]);
  expect(template).toMatchObject({ hello: { kernel: "7.2.13" }, transport: "file" });
  expect(said).toEqual(["Freezing a booted kernel as a template: none of this kernel, QEMU and machine yet"]);
});

it("writes and reads the state of an older QEMU through a socket", async () => {
  const { manifest, uris, template, starts } = await freeze(old);
  expect(manifest).toMatchObject({ memory: "file", transport: "socket", stateBytes: 22 });
  expect(uris).toEqual(["unix", "unix"]);
  expect(await readFile(template!.state, "utf8")).toBe("the state of a machine");
  expect(starts.map((start) => /share=\w+/.exec(start)?.[0])).toEqual(["share=on", "share=off"]);
  expect(said).toHaveLength(1);
});

it("freezes at a moment when the guest has nothing to do", async () => {
  const { commands } = await freeze({ ...modern, busy: 2 });
  const order = commands.map(({ execute }) => execute).filter((name) => /^(stop|cont|migrate)$/.test(name ?? ""));
  expect(order.slice(0, 5)).toEqual(["stop", "cont", "stop", "cont", "stop"]);
  expect(order.slice(-3)).toEqual(["stop", "migrate", "cont"]);
});

it("keeps RAM in the state where QEMU cannot leave it out, and says so", async () => {
  const { manifest, template, starts, commands } = await freeze(bare);
  expect(manifest).toMatchObject({ memory: "state", memoryBytes: null });
  expect(template).toMatchObject({ memory: null });
  expect(starts.map((start) => start.includes("mem-path"))).toEqual([true, false, false]);
  expect(JSON.stringify(commands.filter(({ capabilities }) => capabilities))).not.toContain("x-ignore-shared");
  expect(said.slice(1)).toEqual([
    "Freezing its RAM into the template's state, which takes longer to thaw: QEMU 7.2.22 cannot leave RAM to a file",
  ]);
});

it("keeps RAM in the state where clones on a file do not work, and says so", async () => {
  const { manifest, starts } = await freeze({ ...modern, cloneOnFile: "EPERM" });
  expect(manifest).toMatchObject({ memory: "state", transport: "file" });
  expect(starts).toHaveLength(4);
  expect(said[1]).toContain("A clone of what was frozen does not work");
  expect(said[1]).toContain("EPERM");
  expect(await readdir(join(root, "template", (await readdir(join(root, "template")))[0]!))).toEqual([
    "manifest.json",
    "state",
  ]);
});

it("publishes nothing whose clones do not answer: scenarios boot on their own, and a line says why", async () => {
  vi.stubEnv("ZHIL_TIME_SCALE", "0.3");
  const { template, manifest } = await freeze({ ...modern, cloneOnFile: "EPERM", clone: "silent" });
  vi.unstubAllEnvs();
  expect({ template, manifest }).toEqual({ template: null, manifest: null });
  expect(said[2]).toContain(
    "Booting every scenario on its own, as no template can be had: A clone of what was frozen",
  );
  expect(said[2]).toContain('the agent\'s answer to "seed"');
});

it("takes no more from QEMU than a state can have", async () => {
  const { manifest } = await freeze({ ...old, save: "endless" });
  expect(manifest).toBeNull();
  expect(said[1]).toContain(`it has more than ${64 * 1024 * 1024} bytes`);
  expect(said[2]).toContain(`it has more than ${65 * 1024 * 1024} bytes`);
});

it("passes on that QEMU could not write its state", async () => {
  const { manifest } = await freeze({ ...modern, save: "fails" });
  expect(manifest).toBeNull();
  expect(said[2]).toContain("QEMU could not write its state");
});

it("does not boot a second time what did not boot", async () => {
  const { manifest, starts } = await freeze({ ...modern, boot: "dies" });
  expect(manifest).toBeNull();
  expect(starts).toHaveLength(1);
  expect(said[1]).toContain("The kernel to be frozen does not boot");
});
