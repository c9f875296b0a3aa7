/** Machines that somebody ends or stops in the middle of a run, in every phase: nobody else is harmed, nothing is left. */
import { readdir } from "node:fs/promises";
import { afterEach, describe, expect, it, vi } from "vitest";
import { failuresOf, makeFakeSuite } from "../testing/fake-suite.ts";

// Whole programs are started here, on machines that may be busy.
vi.setConfig({ testTimeout: 60_000 });
afterEach(() => {
  vi.unstubAllEnvs();
});

const scenarios = 5;
const killed = "was ended by SIGKILL";

describe("a clone that is killed", () => {
  it.each([
    ["spawn", killed],
    ["load", `Cannot thaw a clone: QEMU ${killed}`],
    ["first answer", `Cannot thaw a clone: QEMU ${killed}`],
    ["plug", `Cannot set up scenario "look-N": QEMU ${killed}`],
    ["operations", `Cannot perform "look": QEMU ${killed} (at step 1, look)`],
    ["teardown", `Cannot trust the last answer: QEMU ${killed} (after the last step)`],
  ])("in phase %s is the error of its own scenario, and the template is kept", async (phase, reason) => {
    await using suite = await makeFakeSuite({ whose: "clone", phase, signal: "SIGKILL" });
    await suite.run(1);
    await suite.strike();
    const failures = failuresOf(await suite.run(scenarios));
    expect(failures.map((each) => ({ ...each, reason: each.reason?.replace(/look-\d/u, "look-N") }))).toEqual([
      { verdict: "error", reason: expect.stringContaining(reason) as string },
    ]);
    expect(suite.said).toHaveLength(1);
    expect(await suite.count("template boot")).toBe(1);
    expect(failuresOf(await suite.run(1))).toEqual([]);
    await suite.expectNothingLeft();
  });
});

describe("a machine that is killed while a template is made", () => {
  it.each([
    ["template", "spawn"],
    ["template", "boot"],
    ["template", "save"],
    ["clone", "spawn"],
    ["clone", "load"],
    ["clone", "first answer"],
  ] as const)(
    "%s, in phase %s: scenarios boot on their own, a line says why, and the next run makes one",
    async (whose, phase) => {
      await using suite = await makeFakeSuite({ whose, phase, signal: "SIGKILL" });
      await suite.strike();
      expect(failuresOf(await suite.run(2))).toEqual([]);
      expect(suite.said).toEqual([
        "Freezing a booted kernel as a template: none of this kernel, QEMU and machine yet",
        expect.stringMatching(
          /^Booting every scenario on its own, as no template can be had: .*was ended by SIGKILL/u,
        ),
      ]);
      expect(await readdir(suite.templates)).toEqual([]);
      expect(failuresOf(await suite.run(2))).toEqual([]);
      expect(suite.said).toHaveLength(3);
      expect(await readdir(suite.templates)).toHaveLength(1);
      await suite.expectNothingLeft();
    },
  );
});

describe("a clone that stands still", () => {
  // A tenth of usual limits would be too short for a busy machine.
  const stubScale = (): unknown => vi.stubEnv("ZHIL_TIME_SCALE", "0.2");

  it.each([
    ["spawn", "Waited 2 s for QEMU to connect its sockets"],
    ["plug", 'Waited 2 s for QEMU\'s answer to "device_add"'],
    ["operations", 'Cannot perform "look": the kernel does not answer any more; Waited 2 s for the agent\'s answer'],
    ["teardown", "Cannot trust the last answer"],
  ])("in phase %s is given up in time, ended, and the error of its own scenario", async (phase, reason) => {
    await using suite = await makeFakeSuite({ whose: "clone", phase, signal: "SIGSTOP" });
    await suite.run(1);
    await suite.strike();
    stubScale();
    const began = performance.now();
    expect(failuresOf(await suite.run(scenarios))).toEqual([
      { verdict: "error", reason: expect.stringContaining(reason) as string },
    ]);
    expect(performance.now() - began).toBeLessThan(15_000);
    expect(suite.said).toHaveLength(1);
    await suite.expectNothingLeft();
  });

  it.each([
    ["load", "Waited 2 s for QEMU's event MIGRATION"],
    ["first answer", 'Waited 2 s for the agent\'s answer to "seed"'],
  ])("in phase %s is ended, and the template, which may be the reason, made anew", async (phase, reason) => {
    await using suite = await makeFakeSuite({ whose: "clone", phase, signal: "SIGSTOP" });
    await suite.run(1);
    await suite.strike();
    stubScale();
    expect(failuresOf(await suite.run(scenarios))).toEqual([]);
    expect(suite.said.slice(1)).toEqual([
      expect.stringContaining(
        "Freezing a booted kernel as a template: the one in the cache cannot be thawed",
      ) as string,
    ]);
    expect(suite.said[1]).toContain(reason);
    expect(await suite.count("template boot")).toBe(2);
    await suite.expectNothingLeft();
  });
});
