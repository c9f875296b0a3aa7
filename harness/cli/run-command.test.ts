import { describe, expect, it } from "vitest";
import { InfrastructureError, InterruptedError } from "../errors/harness-error.ts";
import { ledgerOf } from "../testing/fake-bench.ts";
import { runJson, twoScenarios as two } from "../testing/run-json.ts";
import { quirkyScenarioText, scenarioText } from "../testing/scenario-files.ts";

describe("verdicts and exit codes", () => {
  it("passes what the contract allows, with 0", async () => {
    const { code, records } = await runJson(two);
    expect(records.map(({ scenario, verdict }) => [scenario, verdict]).sort()).toEqual([
      ["first", "pass"],
      ["second", "pass"],
    ]);
    expect(code).toBe(0);
  });

  it("fails what differs, with 1, and says where", async () => {
    const { code, records } = await runJson(two, {
      onStep: ({ honest, scenario, step }) =>
        scenario === "second" && step === 2 ? { ...honest, result: "EINVAL" } : honest,
    });
    const failed = records.find((record) => record.scenario === "second");
    expect(failed?.verdict).toBe("fail");
    expect(failed?.reason).toBe('step 2 open: result: expected "OK", observed "EINVAL"');
    expect(failed?.differences).toEqual([
      { step: 2, operation: "open", verdict: "fail", path: "result", expected: "OK", observed: "EINVAL" },
    ]);
    expect(code).toBe(1);
  });

  it("calls a deviation that the ledger explains known, with the entry's name and 0", async () => {
    const { code, records, stderr } = await runJson(
      { quirky: quirkyScenarioText },
      { quirks: ["shadow-by-rpcit"] },
      { services: { readLedger: () => Promise.resolve(ledgerOf("shadow-by-rpcit")) } },
    );
    expect(records[0]).toMatchObject({ verdict: "known", known: ["shadow-by-rpcit"], stale: [] });
    expect(records[0]?.differences).toContainEqual(
      expect.objectContaining({ verdict: "known", path: "memory.q[0]", expected: "block:a:2" }),
    );
    expect(stderr).toContain("known");
    expect(stderr).toContain("shadow-by-rpcit at step");
    expect(code).toBe(0);
  });

  it("says loudly that an entry was due and did not show", async () => {
    const { code, records, stderr } = await runJson(
      { quirky: quirkyScenarioText },
      {},
      { services: { readLedger: () => Promise.resolve(ledgerOf("shadow-by-rpcit")) } },
    );
    expect(records[0]).toMatchObject({
      verdict: "pass",
      reason: "stale: shadow-by-rpcit was due and did not show",
      stale: ["shadow-by-rpcit"],
    });
    expect(stderr).toContain('STALE: the ledger\'s "shadow-by-rpcit" was due');
    expect(code).toBe(0);
  });

  it("skips what the kernel cannot do, with what is missing and 0", async () => {
    const { code, records, stderr } = await runJson(two, { kernelOptions: ["S390_IOMMU", "VFIO_PCI"] });
    expect(records.map((record) => [record.verdict, record.reason])).toEqual([
      ["skip", "the kernel lacks CONFIG_IOMMUFD, CONFIG_VFIO_DEVICE_CDEV"],
      ["skip", "the kernel lacks CONFIG_IOMMUFD, CONFIG_VFIO_DEVICE_CDEV"],
    ]);
    expect(records[0]?.trace).toBeNull();
    expect(stderr).toContain("nothing was decided");
    expect(code).toBe(0);
  });

  it("makes an exception an error with its cause, with 2, and keeps what was had before", async () => {
    const { code, records, folderOf } = await runJson(two, {
      onStep: ({ honest, scenario, step }) => {
        if (scenario === "first" && step === 3) {
          throw new InfrastructureError({
            what: 'Cannot perform "close": QEMU exited with status 1',
            remedy: "Look at its words",
            cause: new Error("broken pipe"),
          });
        }
        return honest;
      },
    });
    const record = records.find((each) => each.scenario === "first");
    expect(record).toMatchObject({ verdict: "error", steps: { planned: 3, performed: 2 } });
    expect(record?.reason).toBe('Cannot perform "close": QEMU exited with status 1 (at step 3, close)');
    expect(record?.details).toEqual(["because: broken pipe", "remedy: Look at its words"]);
    expect(folderOf("first")["trace.ndjson"]?.trim().split("\n")).toHaveLength(3);
    expect(records.find((each) => each.scenario === "second")?.verdict).toBe("pass");
    expect(code).toBe(2);
  });

  it("exits with 1 where there are both a fail and an error", async () => {
    const { code } = await runJson(two, {
      onStep: ({ honest, scenario }) => {
        if (scenario === "first") throw new Error("no answer");
        return { ...honest, result: "EIO" };
      },
    });
    expect(code).toBe(1);
  });

  it("ends a scenario at a panic and judges what was seen", async () => {
    const { records } = await runJson(
      { first: scenarioText("first") },
      {
        onStep: ({ honest, step }) =>
          step === 2 ? { ...honest, result: "panic", alarms: ["Kernel panic"] } : honest,
      },
    );
    expect(records[0]).toMatchObject({ verdict: "fail", steps: { planned: 3, performed: 2 } });
  });

  it("makes an error of a target that cannot be ended", async () => {
    const { records } = await runJson(
      { first: scenarioText("first") },
      {
        onEnd: () => {
          throw new InfrastructureError({ what: 'Cannot undo "machine"' });
        },
      },
    );
    expect(records[0]).toMatchObject({ verdict: "error", reason: 'Cannot undo "machine" (after the last step)' });
  });

  it("keeps a fail a fail where the target cannot be ended, and says both", async () => {
    const { code, records } = await runJson(
      { first: scenarioText("first") },
      {
        onStep: ({ honest, step }) => (step === 1 ? { ...honest, result: "EIO" } : honest),
        onEnd: () => {
          throw new InfrastructureError({ what: 'Cannot undo "machine"' });
        },
      },
    );
    expect(records[0]).toMatchObject({ verdict: "fail", details: ['Cannot undo "machine"'] });
    expect(code).toBe(1);
  });

  it("makes an unreadable scenario an error of its own and runs the rest", async () => {
    const { code, records } = await runJson({ ...two, third: "name: third\nsteps:\n  - bnd: { function: a }\n" });
    const broken = records.find((record) => record.scenario === "third");
    expect(broken?.verdict).toBe("error");
    expect(broken?.reason).toMatch(/^Cannot read scenario ".*third\.yaml", line \d+: /u);
    expect(records.filter((record) => record.verdict === "pass")).toHaveLength(2);
    expect(code).toBe(2);
  });
});

describe("an interrupted run", () => {
  it("ends what runs, starts nothing more, keeps what was had, and exits with 2", async () => {
    const interrupt = new AbortController();
    const ended: string[] = [];
    const files = Object.fromEntries(["a-first", "b-hangs", "c-never"].map((name) => [name, scenarioText(name)]));
    const { code, records, stderr } = await runJson(
      files,
      {
        onStep: async ({ honest, scenario, signal }) => {
          if (scenario !== "b-hangs") return honest;
          const gone = new Promise<never>((_, reject) => {
            signal.addEventListener("abort", () => {
              reject(new Error("The channel was closed"));
            });
          });
          interrupt.abort(new InterruptedError({ what: "Interrupted by SIGINT" }));
          return gone;
        },
        onEnd: (scenario) => ended.push(scenario),
      },
      { argv: ["-j", "1"], interrupt: interrupt.signal },
    );
    expect(records.map(({ scenario, verdict, reason }) => [scenario, verdict, reason])).toEqual([
      ["a-first", "pass", null],
      ["b-hangs", "error", "Interrupted by SIGINT (at step 1, bind)"],
    ]);
    expect(ended).toEqual(["a-first", "b-hangs"]);
    expect(stderr).toContain("Interrupted: 1 not run");
    expect(code).toBe(2);
  });
});

describe("jobs", () => {
  it("runs as many at a time as asked for, and no more", async () => {
    const files = Object.fromEntries(["s-1", "s-2", "s-3", "s-4", "s-5"].map((name) => [name, scenarioText(name)]));
    let running = 0;
    let most = 0;
    await runJson(
      files,
      {
        onStart: async () => {
          running += 1;
          most = Math.max(most, running);
          await new Promise((resolve) => setImmediate(resolve));
        },
        onEnd: () => {
          running -= 1;
        },
      },
      { argv: ["-j", "3"] },
    );
    expect(most).toBe(3);
  });
});
