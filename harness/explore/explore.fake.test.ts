/** Machines that fail while they are explored. */
import { join } from "node:path";
import { expect, it } from "vitest";
import type { StartedTarget, Target } from "../../src/target/target.ts";
import { modelTarget } from "../../src/target/model-target.ts";
import { InfrastructureError } from "../errors/harness-error.ts";
import { openModelBench } from "../run/model-bench.ts";
import { temporaryFolder } from "../testing/scenario-files.ts";
import { explore, type ExploreOptions } from "./explore.ts";

const optionsFor = (folder: string, target: Target, more: Partial<ExploreOptions> = {}): ExploreOptions => ({
  ...{ bench: { ...openModelBench(), createTarget: () => target }, ledger: [], jobs: 2, seed: 1, keep: false },
  ...{ runFolder: folder, reproduce: () => "again", findings: join(folder, "findings"), time: 20_000, length: 60 },
  ...{ only: null, subjects: null, untilFound: false, exports: false, effort: { limit: 5000, tries: 2 } },
  signal: new AbortController().signal,
  onProgress: () => undefined,
  ...more,
});

/** The model's target, with some of its own. */
const targetLike = (change: (started: StartedTarget) => Partial<StartedTarget>): Target => ({
  ...modelTarget,
  start: async (plan, signal) => {
    const started = await modelTarget.start(plan, signal);
    return { ...started, ...change(started) };
  },
});

it("ends where machines do not come up, with why", async () => {
  await using folder = await temporaryFolder();
  const target: Target = {
    ...modelTarget,
    start: () => Promise.reject(new InfrastructureError({ what: "Cannot start QEMU" })),
  };
  await expect(explore(optionsFor(folder.path, target))).rejects.toThrow("Cannot start QEMU");
});

it("takes a machine that dies at an operation for a finding, and shrinks what it takes", async () => {
  await using folder = await temporaryFolder();
  const target = targetLike((started) => ({
    perform: (operation, until) =>
      operation.op === "detach"
        ? Promise.reject(new InfrastructureError({ what: "QEMU ended" }))
        : started.perform(operation, until),
    [Symbol.asyncDispose]: () => Promise.reject(new InfrastructureError({ what: "It had ended before" })),
  }));
  let ended = false;
  const controller = new AbortController();
  const { findings } = await explore(
    optionsFor(folder.path, target, {
      subjects: ["iommufd"],
      signal: controller.signal,
      onProgress: (progress) => {
        if (progress.kind !== "found" || ended) return;
        ended = true;
        controller.abort(new Error("That is enough"));
      },
    }),
  );
  const [finding] = findings;
  expect(finding).toMatchObject({ verdict: "error", signature: "detach gives no answer: QEMU ended" });
  expect(finding?.operations.shrunk).toBeLessThanOrEqual(4);
}, 240_000);

it("finds which of the operations that were asked for at once has no answer", async () => {
  await using folder = await temporaryFolder();
  const target = targetLike((started) => {
    const perform: StartedTarget["perform"] = (operation, until) =>
      operation.op === "detach"
        ? Promise.reject(new InfrastructureError({ what: "QEMU ended" }))
        : started.perform(operation, until);
    return {
      perform,
      // No answer comes before all are done, as where the agent still writes when the kernel goes down.
      performRun: async function* (run, until) {
        const answers = [];
        for (const { operation } of run) answers.push(await perform(operation, until));
        yield* answers;
      },
    };
  });
  const options = optionsFor(folder.path, target, {
    subjects: ["iommufd"],
    untilFound: true,
    only: 0,
    length: 250,
    effort: { limit: 0, tries: 2 },
  });
  const { findings } = await explore(options);
  const [finding] = findings;
  expect(finding?.signature).toBe("detach gives no answer: QEMU ended");
  // Nothing that comes after it is part of it, nor named for it.
  expect(finding?.what).toMatch(/^detach gives no answer/u);
}, 240_000);

it("ends at once when it is interrupted, with what was had", async () => {
  await using folder = await temporaryFolder();
  const controller = new AbortController();
  const exploring = explore(
    optionsFor(folder.path, modelTarget, {
      signal: controller.signal,
      onProgress: () => {
        controller.abort(new Error("Ctrl-C"));
      },
    }),
  );
  const { interrupted, findings, seconds } = await exploring;
  expect({ interrupted, findings }).toEqual({ interrupted: true, findings: [] });
  expect(seconds).toBeLessThan(10);
});

it("tells what is never seen again from what is", async () => {
  await using folder = await temporaryFolder();
  let first = true;
  const target = targetLike((started) => ({
    perform: async (operation, until) => {
      const performed = await started.perform(operation, until);
      if (!first) return performed;
      first = false;
      return { ...performed, observation: { ...performed.observation, result: "EIO" } };
    },
  }));
  const { findings } = await explore(optionsFor(folder.path, target, { only: 0 }));
  expect(findings).toHaveLength(1);
  expect(findings[0]).toMatchObject({ verdict: null, confirmed: { shown: 0, tries: 2 }, reproducer: null });
});

it("looks again into what zhil run does not show, when it is shown again", async () => {
  await using folder = await temporaryFolder();
  let judged = 0;
  const target: Target = {
    ...modelTarget,
    start: async (plan, signal) => {
      const started = await modelTarget.start(plan, signal);
      const isRight = plan.scenario.startsWith("explored-") && judged++ === 0;
      return {
        ...started,
        perform: async (operation, until) => {
          const performed = await started.perform(operation, until);
          if (isRight || operation.op !== "detach") return performed;
          return { ...performed, observation: { ...performed.observation, result: "EIO" } };
        },
      };
    },
  };
  const { findings } = await explore(optionsFor(folder.path, target, { subjects: ["iommufd"], untilFound: true }));
  expect(findings.map(({ verdict }) => verdict)).toEqual(["pass", "fail"]);
  expect(new Set(findings.map(({ signature }) => signature)).size).toBe(1);
}, 240_000);
