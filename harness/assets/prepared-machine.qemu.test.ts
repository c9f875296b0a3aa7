import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile, rm, mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { examineMachine } from "../doctor/examine-machine.ts";
import { ignoreProgress } from "./progress.ts";
import { prepareAssets } from "./prepare-assets.ts";

const signal = new AbortController().signal;

/** The first frame of the agent's channel: 4 bytes of length, then JSON. */
async function readFrame(stream: NodeJS.ReadableStream): Promise<unknown> {
  let bytes = Buffer.alloc(0);
  for await (const chunk of stream) {
    bytes = Buffer.concat([bytes, Buffer.from(chunk)]);
    if (bytes.length >= 4 && bytes.length >= 4 + bytes.readUInt32BE(0)) return JSON.parse(String(bytes.subarray(4)));
  }
  throw new Error("The channel ended before the first frame");
}

it("gives a QEMU that boots the kernel with the agent, which says hello", async () => {
  const { qemu, kernel, initramfs } = await prepareAssets({ report: ignoreProgress, signal });
  const folder = await mkdtemp(join(tmpdir(), "zhil-assets-"));
  const [command, ...rest] = qemu.argv;
  const machine = spawn(
    command,
    [
      ...rest,
      ...["-M", "s390-ccw-virtio", "-cpu", "max", "-m", "512", "-nodefaults", "-display", "none", "-no-reboot"],
      ...["-serial", `file:${join(folder, "console")}`, "-kernel", kernel.image, "-initrd", initramfs.path],
      ...["-append", "panic_on_oops=1", "-device", "virtio-serial-ccw"],
      ...["-chardev", "stdio,id=agent", "-device", "virtserialport,chardev=agent,name=zhil.agent"],
      ...["-chardev", "null,id=watch", "-device", "virtserialport,chardev=watch,name=zhil.watch"],
    ],
    { env: { ...process.env, ...qemu.environment }, stdio: ["pipe", "pipe", "inherit"] },
  );
  const ended = once(machine, "exit");
  try {
    expect(await readFrame(machine.stdout)).toMatchObject({ hello: 1, kernel: kernel.version });
    const console = await readFile(join(folder, "console"), "utf8");
    expect(console).toContain(`Linux version ${kernel.version}`);
    expect(console).not.toMatch(/WARNING:|BUG:|Oops/);
  } finally {
    machine.kill("SIGKILL");
    await ended;
    await rm(folder, { recursive: true });
  }
});

it("takes under a second when there is nothing to do", async () => {
  await prepareAssets({ report: ignoreProgress, signal });
  const heard: unknown[] = [];
  const times: number[] = [];
  // Other work on the machine is no fault of this.
  for (let i = 0; i < 3; i++) {
    const started = performance.now();
    await prepareAssets({ report: (progress) => heard.push(progress), signal });
    times.push(performance.now() - started);
  }
  expect(Math.min(...times)).toBeLessThan(1000);
  expect(heard).toEqual([]);
});

it("leaves the doctor nothing to miss", async () => {
  await prepareAssets({ report: ignoreProgress, signal });
  const findings = await examineMachine(signal);
  expect(findings.filter((finding) => finding.state === "missing")).toEqual([]);
  expect(findings.map((finding) => finding.what)).toEqual(
    expect.arrayContaining(["QEMU", "kernel", "agent", "cache"]),
  );
});
