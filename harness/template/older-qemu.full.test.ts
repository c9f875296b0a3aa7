/** Templates with QEMUs of older releases, which are fetched from the archive: the state's way and the clones' answers. */
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { makePlan } from "../../src/plan/make-plan.ts";
import { parseScenario } from "../../src/scenario/parse.ts";
import { modelProfile } from "../../src/target/model-target.ts";
import { isAtLeast } from "../../src/zpci/version.ts";
import { findCacheRoot } from "../assets/cache.ts";
import { prepareQemuOf } from "../assets/fetch-qemu.ts";
import { prepareAssets } from "../assets/prepare-assets.ts";
import type { Progress } from "../assets/progress.ts";
import { createScratch, type Scratch } from "../lifecycle/scratch.ts";
import { machineOf } from "../target/describe-by-hand.ts";
import { agentPorts, emulatedCommandLine } from "../target/emulated-options.ts";
import { EmulatedTarget } from "../target/emulated.ts";
import { freezeAgent } from "./freeze-agent.ts";
import { supplyTemplates } from "./template-supply.ts";
import type { TemplateManifest } from "./template.ts";

const signal = new AbortController().signal;
/** Clones of one template; before 9.1 one of sixty templates had clones that never answered, which one thaw would not show. */
const clones = 20;

const scenario = `
name: older-qemu
summary: A function that every QEMU has
tags: [test]
functions: { r: virtio-rng }
steps:
  - bind: { function: r }
`;
// Of the command line that the templates are for.
const plan = makePlan(parseScenario(scenario, "older-qemu.yaml"), {
  ...modelProfile,
  ...{ bench: "emulated", kernel: { ...modelProfile.kernel, commandLine: emulatedCommandLine } },
});

let parent: string;
let scratch: Scratch;
beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), "zt-"));
  scratch = await createScratch({ parent });
});
afterEach(async () => {
  await scratch[Symbol.asyncDispose]();
  await rm(parent, { recursive: true });
});

it.each([
  ["oldstable", "7.2", "socket"],
  ["stable", "10.0", "file"],
])("the QEMU of %s, %s or later, freezes RAM in a file and its state by %s", async (suite, atLeast, transport) => {
  const report = (): void => undefined;
  const { kernel, initramfs } = await prepareAssets({ report, signal });
  const qemu = await prepareQemuOf({ root: findCacheRoot(), update: false, report, signal }, suite);
  expect(isAtLeast(qemu.version, atLeast)).toBe(true);

  const said: string[] = [];
  const options = {
    profile: {
      bench: "emulated",
      kernel: { ...kernel, commandLine: emulatedCommandLine },
      ...{ qemu, memoryMiB: 512, cpus: 1 },
    },
    ...{ qemu, kernel: kernel.image, initramfs: initramfs.path },
  } as const;
  const templates = supplyTemplates(
    {
      machine: machineOf(options),
      digests: [qemu.digest, kernel.digest, initramfs.digest],
      routine: freezeAgent(agentPorts.agent),
    },
    {
      ...{ root: join(parent, "cache"), scratch, signal },
      report: (progress: Progress) => progress.kind === "step" && said.push(progress.text),
    },
  );
  const target = new EmulatedTarget({ ...options, scratch, templates });
  for (let index = 0; index < clones; index++) {
    await using started = await target.start(plan, signal);
    expect((await started.perform({ op: "bind", function: "r" }, signal)).observation.result).toBe("OK");
    expect(started.profile.qemu.version).toBe(qemu.version);
  }

  // Frozen once: neither refused later, nor by way of the state.
  expect(said).toEqual(["Freezing a booted kernel as a template: none of this kernel, QEMU and machine yet"]);
  const [key = ""] = await readdir(join(parent, "cache", "template"));
  const text = await readFile(join(parent, "cache", "template", key, "manifest.json"), "utf8");
  const { value } = JSON.parse(text) as { value: TemplateManifest };
  expect(value).toMatchObject({ memory: "file", transport, memoryBytes: 512 * 1024 * 1024 });
  expect(value.stateBytes).toBeLessThan(1024 * 1024);
});
