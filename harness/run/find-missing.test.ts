import { expect, it } from "vitest";
import { parseScenario } from "../../src/scenario/parse.ts";
import type { ExchangeTarget } from "../../src/scenario/exchangeable.ts";
import { putOnDevice } from "../../src/scenario/put-on-device.ts";
import type { Scenario } from "../../src/scenario/scenario.ts";
import type { HostBackend } from "../../src/trace/host-view.ts";
import type { Profile } from "../../src/trace/profile.ts";
import { fakeProfile } from "../testing/fake-bench.ts";
import { quirkyScenarioText, scenarioText } from "../testing/scenario-files.ts";
import { commandLineFor } from "../target/emulated-options.ts";
import { findMissing } from "./find-missing.ts";

const scenario = parseScenario(quirkyScenarioText, "quirky.yaml");
const profileWith = (options: readonly string[], qemu = "11.1.3"): typeof fakeProfile => ({
  ...fakeProfile,
  kernel: { ...fakeProfile.kernel, options },
  qemu: { ...fakeProfile.qemu, version: qemu },
});
const enough = ["IOMMUFD", "S390_IOMMU", "VFIO_DEVICE_CDEV", "VFIO_PCI"];

it("has no functions of our own passed through, and no guest stopped inside an operation", () => {
  const guest = { ...fakeProfile, bench: "passthrough" } as const;
  const text = (functions: string, steps: string): string =>
    `name: passed\nsummary: What is passed through\ntags: [test]\n${functions}steps:\n${steps}`;
  const missingOf = (functions: string, steps: string): string[] =>
    findMissing(parseScenario(text(functions, steps), "x.yaml"), guest);
  expect(missingOf("functions: { a: nvme }\n", "  - take-iommufd: { function: a }\n")).toEqual([]);
  expect(missingOf("functions: { a: witness }\n", "  - take-iommufd: { function: a }\n")).toEqual([
    "no witness is passed through: this process serves it",
  ]);
  expect(missingOf("functions: { a: igb }\n", "  - take-iommufd: { function: a }\n")).toEqual([
    "no igb is passed through so far",
  ]);
  expect(missingOf("functions: {}\n", "  - ioas-alloc: { ioas: A }\n")).toEqual(["a function to pass through"]);
  const event = '  - event: { function: a, code: "0x0301" }\n';
  expect(missingOf("functions: { a: nvme }\n", event)).toEqual(["a guest that can be stopped inside an operation"]);
  const told = "functions: { a: nvme }\nkernel-parameters: [iommu.strict=1]\n";
  expect(missingOf(told, "  - look:\n")).toEqual(["a guest that is frozen with other kernel parameters"]);
});

it("misses what a device that a scenario is put on cannot do, and a QEMU that has it", () => {
  const missingOn = (device: ExchangeTarget, text: string, qemu: string): string[] =>
    findMissing(putOnDevice(parseScenario(text, "x.yaml"), device)!, profileWith(enough, qemu));
  expect(missingOn("e1000e", scenarioText("life"), "11.1.3")).toEqual([]);
  expect(missingOn("e1000e", scenarioText("life"), "7.2.22")).toEqual(["QEMU 7.2.22 has no e1000e (since 10.0)"]);
  expect(missingOn("virtio-blk", scenarioText("life"), "7.2.22")).toEqual([]);
  expect(missingOn("igb", quirkyScenarioText, "11.1.3")).toEqual([]);
  const asked = quirkyScenarioText.replace(/steps:[^]*/u, "steps:\n  - nvme-identify: { function: a, iova: base }\n");
  expect(missingOn("igb", asked, "11.1.3")).toEqual(["no command of NVMe on igb (nvme-identify)"]);
});

it("misses a host where something is to happen there, and a container where its entries are to run short", () => {
  const scenarioOf = (head: string, step: string): Scenario =>
    parseScenario(
      `name: passed\nsummary: What is passed through\ntags: [test]\n${head}functions: { a: nvme }\nsteps:\n  - ${step}\n`,
      "x",
    );
  const host = { kernel: fakeProfile.kernel, qemu: null } as const;
  const by = (backend: HostBackend): typeof fakeProfile & Pick<Profile, "host"> => ({
    ...fakeProfile,
    bench: "passthrough",
    host: { ...host, backend },
  });
  const onHost = scenarioOf("", "host-reset: { function: a }");
  expect(findMissing(onHost, { ...fakeProfile, bench: "emulated" })).toEqual([
    "a host that passes functions through (--bench passthrough)",
  ]);
  expect(findMissing(onHost, by("iommufd"))).toEqual([]);
  const short = scenarioOf("dma-entry-limit: 8\n", "look:");
  expect(findMissing(short, by("iommufd"))).toEqual([
    "a host that has functions passed through by --backend container",
  ]);
  expect(findMissing(short, by("container"))).toEqual([]);
});

it.each([
  ["a kernel that has all", enough, "11.1.3", []],
  ["a kernel that does not tell", [], "11.1.3", []],
  ["the model's kernel", ["*"], "11.1.3", []],
  [
    "a kernel without cdev",
    ["IOMMUFD", "S390_IOMMU", "VFIO_PCI"],
    "11.1.3",
    ["the kernel lacks CONFIG_VFIO_DEVICE_CDEV"],
  ],
  ["a QEMU without NVMe", enough, "7.2.22", ["QEMU 7.2.22 has no nvme (since 10.0)"]],
])("%s", (_, options, qemu, missing) => {
  expect(findMissing(scenario, profileWith(options, qemu))).toEqual(missing);
});

it("misses the kernel's NVMe driver where the command line keeps it out, and only where a function is to be driven by it", () => {
  const text = (step: string): string =>
    `name: sample\nsummary: A function that is driven\ntags: [sample]\nfunctions: { a: nvme }\nsteps:\n  - ${step}: { function: a }`;
  const old = profileWith(["*"]);
  const kept = { ...old, kernel: { ...old.kernel, commandLine: commandLineFor("6.12.107") } };
  expect(findMissing(parseScenario(text("drive"), "s.yaml"), kept)).toEqual([
    "the kernel's NVMe driver, which is kept out of it",
  ]);
  expect(findMissing(parseScenario(text("drive"), "s.yaml"), old)).toEqual([]);
  expect(findMissing(parseScenario(text("bind"), "s.yaml"), kept)).toEqual([]);
});

it("asks a kernel nothing that it is too old for", () => {
  const recent = { ...scenario, since: "7.0" };
  const { kernel } = profileWith(["*"]);
  const asked = (version: string): unknown => findMissing(recent, { ...fakeProfile, kernel: { ...kernel, version } });
  expect(asked("6.12.107")).toEqual(["it is asked of Linux 7.0 and later"]);
  expect(asked("7.0.1")).toEqual([]);
});
