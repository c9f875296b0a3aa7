import { readdir } from "node:fs/promises";
import { expect, it, vi } from "vitest";
import type { Operation } from "../../src/operation/operation.ts";
import { describeError } from "../errors/describe-error.ts";
import { HarnessError } from "../errors/harness-error.ts";
import { makePlayground, type BadDay } from "../testing/fake-machine.ts";
import { fakePlan } from "../testing/fake-plan.ts";
import { EmulatedTarget } from "./emulated.ts";

// Whole programs are started here, on machines that may be busy.
vi.setConfig({ testTimeout: 30_000 });

const attach: Operation = { op: "attach", function: "a", to: "A" };
const detach: Operation = { op: "detach", function: "a" };
const never = new AbortController().signal;

/** Starts a target with such a day, performs an attach, and ends everything. */
async function performAttach(day: BadDay) {
  await using playground = await makePlayground();
  const target = await playground.makeTarget(day, { operation: 300, ping: 200 }).start(fakePlan, never);
  const began = performance.now();
  const outcome = await target.perform(attach, never).catch((error: unknown) => error as Error);
  const milliseconds = performance.now() - began;
  const again = await target.perform(detach, never).catch((error: unknown) => error as Error);
  await target[Symbol.asyncDispose]();
  await playground.expectNothingLeft();
  return { outcome, again, milliseconds };
}

async function failAttach(day: BadDay) {
  const { outcome, again, milliseconds } = await performAttach(day);
  expect(outcome).toBeInstanceOf(HarnessError);
  expect(milliseconds).toBeLessThan(2_000);
  expect(again).toMatchObject({
    what: expect.stringContaining('Cannot perform "detach": the target is broken') as string,
  });
  return describeError(outcome).join("\n");
}

async function failStart(day: BadDay, limits = {}) {
  await using playground = await makePlayground();
  const error = await playground
    .makeTarget(day, limits)
    .start(fakePlan, never)
    .then(
      () => null,
      (reason: unknown) => reason,
    );
  expect(error).toBeInstanceOf(HarnessError);
  await playground.expectNothingLeft();
  return describeError(error).join("\n");
}

it.concurrent("performs operations on a good day, and says what ran", async () => {
  await using playground = await makePlayground();
  const target = await playground.makeTarget({ on: { attach: "EINVAL" } }).start(fakePlan, never);
  expect(target.profile).toMatchObject({ kernel: { version: "7.2.13" }, qemu: { version: "11.1.3" } });
  const { observation } = await target.perform(attach, never);
  expect(observation).toMatchObject({
    result: "EINVAL",
    functions: { a: { driver: null, enabled: true } },
    alarms: [],
  });
  expect((await target.perform(detach, never)).observation.result).toBe("OK");
  await target[Symbol.asyncDispose]();
  // Nothing of a machine outlives it, though the run goes on.
  expect((await readdir(playground.scratch.path)).sort()).toEqual(["owner.json", "processes.jsonl"]);
  await playground.expectNothingLeft();
});

it.concurrent("observes a panic, with what the kernel said on its console", async () => {
  const { outcome, again, milliseconds } = await performAttach({ on: { attach: "panic" } });
  expect(outcome).toMatchObject({
    observation: {
      result: "panic",
      functions: { a: { driver: null, enabled: true, counters: null } },
      alarms: [
        "Unable to handle kernel pointer dereference in virtual kernel address space",
        "Oops at s390_iommu_attach_device",
        "Kernel panic - not syncing: Fatal exception: panic_on_oops",
      ],
    },
  });
  expect(milliseconds).toBeLessThan(2_000);
  expect(again).toMatchObject({ what: 'Cannot perform "detach": the target is broken: its guest panicked' });
});

it.concurrent("is no success where the guest panics after the last answer", async () => {
  await using playground = await makePlayground();
  const target = await playground.makeTarget({ on: { attach: "panic-after" } }).start(fakePlan, never);
  expect((await target.perform(attach, never)).observation.result).toBe("OK");
  await expect(target[Symbol.asyncDispose]()).rejects.toThrow(
    "Cannot trust the last answer: QEMU reported a guest panic: Kernel panic - not syncing",
  );
  await playground.expectNothingLeft();
});

it.concurrent("observes a hang where the worker is stuck in a system call and the kernel lives", async () => {
  const { outcome, again } = await performAttach({ on: { attach: "hang" } });
  expect(outcome).toMatchObject({
    observation: { result: "hang", alarms: ["hang in __wait_rcu_gp < synchronize_rcu"] },
    evidence: { raw: { syscall: "54 0x5 0x3b77" } },
  });
  expect(again).toBeInstanceOf(HarnessError);
});

it.concurrent.each([
  ["compute", "the agent computes and does not answer"],
  ["idle", "the agent waits for a request"],
  ["silence", "the kernel does not answer any more"],
  ["die", "QEMU was ended by SIGKILL: qemu-system-s390x: terminating on a whim"],
  ["power-off", "QEMU powered off: guest-shutdown"],
  ["worker-dies", "The agent's worker was killed by signal 11"],
  ["oversized", "a frame of 1048577 bytes"],
  ["malformed", 'Cannot understand the agent\'s channel after "{{"'],
  ["nonsense", "result"],
  ["refuse", "The agent refused: Unknown operation"],
])("has no answer where the agent's day is: %s", async (mood, message) => {
  expect(await failAttach({ on: { attach: mood } })).toContain(message);
});

it.concurrent("shows QEMU's own words where it dies at start", async () => {
  const message = await failStart({ start: "dies" });
  expect(message).toContain(
    "it exited with status 1: qemu-system-s390x: -machine nonsense: unsupported machine type",
  );
  expect(message).toContain("remedy: ");
});

it.concurrent.each([
  [{ start: "stays-silent" }, { start: 300 }, "Waited 0.3 s for QEMU to connect its sockets"],
  [{ start: "no-greeting" }, { start: 600 }, "Waited 0.6 s for the greeting of QEMU's monitor"],
  [{ start: "dies-late" }, {}, "it exited with status 1: qemu-system-s390x: out of luck"],
  [{ start: "garbled-greeting" }, {}, 'Cannot understand QEMU\'s monitor after "Welcome!"'],
  [{ boot: "stays-silent" }, { boot: 300 }, "Waited 0.3 s for the agent's hello; last seen: no message"],
  [
    { boot: "panics" },
    {},
    'Cannot boot kernel "kernel": QEMU reported a guest panic: Kernel panic - not syncing: Fatal exception',
  ],
  [{ boot: "worker-dies" }, {}, "The agent's worker was killed by signal 11"],
  [{ on: { "define-function": "ETIMEDOUT" } }, {}, '"define-function" of {"function":"a","address":"0005:00:00.0"'],
  [{ on: { "define-function": "panic" } }, {}, 'Cannot set up scenario "bad day": QEMU reported a guest panic'],
])("cannot start on a day of %j", async (day, limits, message) => {
  expect(await failStart(day, limits)).toContain(message);
});

it.concurrent("says which program is missing where QEMU is not there", async () => {
  await using playground = await makePlayground();
  const qemu = { argv: ["/nowhere/qemu-system-s390x"] as const, environment: {} };
  const target = new EmulatedTarget({
    ...{ profile: fakePlan.profile, qemu, kernel: "kernel", initramfs: "initramfs", scratch: playground.scratch },
  });
  await expect(target.start(fakePlan, never)).rejects.toThrow(/Cannot start QEMU "\/nowhere\/qemu-system-s390x"/);
});

it.concurrent("ends a QEMU that ignores SIGTERM", async () => {
  await using playground = await makePlayground();
  const target = await playground.makeTarget({ ignoreSigterm: true }).start(fakePlan, never);
  await target[Symbol.asyncDispose]();
  await playground.expectNothingLeft();
});

it.concurrent("lets go of everything when it is called off while starting", async () => {
  await using playground = await makePlayground();
  const controller = new AbortController();
  const started = playground.makeTarget({ boot: "stays-silent" }).start(fakePlan, controller.signal);
  setTimeout(() => {
    controller.abort(new Error("called off"));
  }, 200);
  await expect(started).rejects.toThrow("called off");
  await playground.expectNothingLeft();
});

it.concurrent("lets go of everything when it is called off while performing", async () => {
  await using playground = await makePlayground();
  const target = await playground.makeTarget({ on: { attach: "hang" } }).start(fakePlan, never);
  const controller = new AbortController();
  const performed = target.perform(attach, controller.signal);
  controller.abort(new Error("called off"));
  await expect(performed).rejects.toThrow("called off");
  await target[Symbol.asyncDispose]();
  await playground.expectNothingLeft();
});
