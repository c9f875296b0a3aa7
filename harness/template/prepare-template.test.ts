import { expect, it } from "vitest";
import type { MachineDefinition } from "../qemu/machine.ts";
import { freezeAgent } from "./freeze-agent.ts";
import { keyOf } from "./prepare-template.ts";

const machine: MachineDefinition = {
  qemu: { argv: ["/opt/qemu-system-s390x"], environment: {} },
  ...{ kernel: "/k", initramfs: "/i", commandLine: "quiet", memoryMiB: 512, cpus: 1, ports: ["agent"] },
};
const keyWith = (change: Partial<MachineDefinition>, digests = ["q", "k", "i"], host: string | null = null): string =>
  keyOf({ machine: { ...machine, ...change }, digests, routine: freezeAgent("agent") }, host);

it("has one key for one machine, wherever its files lie", () => {
  expect(keyWith({ kernel: "/elsewhere/k" })).toBe(keyWith({}));
  expect(keyWith({ qemu: { argv: ["/lib/ld.so", "/opt/qemu-system-s390x"], environment: {} } })).toBe(keyWith({}));
});

it("has another key for whatever makes another machine", () => {
  const keys = [
    keyWith({}),
    keyWith({ memoryMiB: 1024 }),
    keyWith({ cpus: 2 }),
    keyWith({ commandLine: "quiet nokaslr" }),
    keyWith({ accelerator: "kvm" }),
    keyWith({ accelerator: "kvm" }, ["q", "k", "i"], "host"),
    keyWith({ accelerator: "kvm" }, ["q", "k", "i"], "another host"),
    keyWith({}, ["q2", "k", "i"]),
  ];
  expect(new Set(keys).size).toBe(keys.length);
});
