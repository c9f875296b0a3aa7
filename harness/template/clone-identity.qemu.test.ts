/** Clones are told apart: what a sibling draws is no other's, and their clocks are right. */
import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import * as z from "zod";
import { AgentClient } from "../agent/agent-client.ts";
import { prepareAssets } from "../assets/prepare-assets.ts";
import { createScratch } from "../lifecycle/scratch.ts";
import type { MachineDefinition } from "../qemu/machine.ts";
import { startQemu } from "../qemu/start-qemu.ts";
import { portOf } from "../qemu/started-qemu.ts";
import { agentPorts, commandLineFor } from "../target/emulated-options.ts";
import { freezeAgent } from "./freeze-agent.ts";
import { prepareTemplate } from "./prepare-template.ts";
import { cloneOf, thaw } from "./template.ts";

const signal = new AbortController().signal;
const limit = 30_000;
const identitySchema = z.object({ random: z.string().regex(/^[0-9a-f]{32}$/u), time: z.int() });

it("gives siblings random numbers of their own at once, and each the time of day", async () => {
  const { qemu, kernel, initramfs } = await prepareAssets({ report: () => undefined, signal });
  const parent = await mkdtemp(join(tmpdir(), "zt-"));
  const scratch = await createScratch({ parent });
  const machine: MachineDefinition = {
    ...{ qemu, kernel: kernel.image, initramfs: initramfs.path, commandLine: commandLineFor(kernel.version) },
    ...{ memoryMiB: 512, cpus: 1, ports: [agentPorts.agent, agentPorts.watch] },
  };
  const template = await prepareTemplate(
    { machine, digests: [qemu.digest, kernel.digest, initramfs.digest], routine: freezeAgent(agentPorts.agent) },
    { root: join(parent, "cache"), scratch, report: () => undefined, signal },
  );
  const thawOne = async (): Promise<z.output<typeof identitySchema>> => {
    await using clone = await startQemu(cloneOf(machine, template), { scratch, startLimit: limit }, signal);
    using agent = new AgentClient(portOf(clone, agentPorts.agent));
    await thaw(clone, template, signal);
    const seed = { bytes: randomBytes(64).toString("hex"), time: String(Math.floor(Date.now() / 1000)) };
    const { result, values } = await agent.request("seed", seed, signal, limit);
    expect(result).toBe("OK");
    const identity = identitySchema.parse(values);
    expect(Math.abs(identity.time - Date.now() / 1000)).toBeLessThan(2);
    return identity;
  };
  const siblings = [...(await Promise.all([thawOne(), thawOne()])), await thawOne()];
  expect(new Set(siblings.map(({ random }) => random)).size).toBe(siblings.length);
  await scratch[Symbol.asyncDispose]();
  await rm(parent, { recursive: true });
});
