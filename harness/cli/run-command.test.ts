import { existsSync } from "node:fs";
import { readFile, readlink } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { InfrastructureError, InterruptedError } from "../errors/harness-error.ts";
import { recordSchema, type ScenarioRecord } from "../evidence/record.ts";
import { callCli, type Call, type CallOptions } from "../testing/call-cli.ts";
import { fakeBench, ledgerOf, type FakeBenchOptions } from "../testing/fake-bench.ts";
import { quirkyScenarioText, scenarioText, temporaryFolder } from "../testing/scenario-files.ts";

/** Calls `zhil run --json` on a fake bench with these scenarios. */
async function runJson(
  files: Readonly<Record<string, string>>,
  bench: FakeBenchOptions = {},
  { argv = [] as string[], ...options }: Partial<CallOptions> & { readonly argv?: string[] } = {},
): Promise<
  Call & { readonly records: ScenarioRecord[]; readonly folderOf: (scenario: string) => Record<string, string> }
> {
  await using folder = await temporaryFolder(
    Object.fromEntries(Object.entries(files).map(([name, text]) => [`scenarios/${name}.yaml`, text])),
  );
  const call = await callCli(["run", "--json", "-j", "2", ...argv], {
    workingFolder: folder.path,
    ...options,
    services: { openBench: () => Promise.resolve(fakeBench(bench)), ...options.services },
  });
  const records = call.stdout
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => recordSchema.parse(JSON.parse(line)));
  const kept: Record<string, Record<string, string>> = {};
  for (const { scenario, evidence } of records) {
    kept[scenario] = {};
    for (const file of ["trace.ndjson", "record.json", "operations.yaml", "qemu-command", "digests", "reproduce"]) {
      if (existsSync(join(evidence, file))) kept[scenario][file] = await readFile(join(evidence, file), "utf8");
    }
  }
  return { ...call, records, folderOf: (scenario) => kept[scenario] ?? {} };
}

const two = { first: scenarioText("first"), second: scenarioText("second") };

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
    expect(records[0]).toMatchObject({ verdict: "pass", stale: ["shadow-by-rpcit"] });
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
        return scenario === "first" && step === 1 ? { ...honest, result: "EIO" } : honest;
      },
    });
    const record = records.find((each) => each.scenario === "first");
    expect(record).toMatchObject({ verdict: "error", steps: { planned: 3, performed: 2 } });
    expect(record?.reason).toBe('Cannot perform "close": QEMU exited with status 1 (at step 3, close)');
    expect(record?.details).toEqual(["because: broken pipe", "remedy: Look at its words"]);
    expect(record?.differences).toMatchObject([{ step: 1, path: "result", observed: "EIO" }]);
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

describe("evidence", () => {
  it("has everything needed to judge and to repeat a scenario", async () => {
    const { folderOf, records } = await runJson({ first: scenarioText("first") });
    const files = folderOf("first");
    const trace = files["trace.ndjson"]
      ?.trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(trace?.[0]).toMatchObject({ trace: 1, scenario: "first", profile: { kernel: { version: "7.2.13" } } });
    expect(trace?.slice(1).map((step) => step["step"])).toEqual([1, 2, 3]);
    expect(files["operations.yaml"]).toContain("note: Nothing is left");
    expect(files["qemu-command"]).toBe("qemu-system-s390x -kernel image\n");
    expect(files["digests"]).toBe("00  /boot/image\n");
    expect(files["reproduce"]).toMatch(/^zhil run first --bench emulated --scenarios \S+\n$/u);
    expect(JSON.parse(files["record.json"] ?? "")).toEqual(records[0]);
  });

  it("points latest to the newest run", async () => {
    await using folder = await temporaryFolder({ "scenarios/first.yaml": scenarioText("first") });
    const services = { openBench: () => Promise.resolve(fakeBench()) };
    await callCli(["run", "--out", "kept"], { workingFolder: folder.path, services });
    const { stdout } = await callCli(["run", "--out", "kept"], { workingFolder: folder.path, services });
    const latest = await readlink(join(folder.path, "kept", "latest"));
    expect(stdout).toContain(latest);
    expect(existsSync(join(folder.path, "kept", "latest", "first", "record.json"))).toBe(true);
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
              reject(signal.reason as Error);
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
    expect(stderr).toContain("1 not run");
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

describe("output", () => {
  it("keeps standard output for records where --json is given", async () => {
    const { stdout, stderr } = await runJson(two);
    expect(stdout.trim().split("\n")).toHaveLength(2);
    expect(stderr).toContain("2 pass, 0 fail, 0 known, 0 skip, 0 error");
  });

  it("prints lines and counts without colours where nobody looks", async () => {
    await using folder = await temporaryFolder({ "scenarios/first.yaml": scenarioText("first") });
    const services = { openBench: () => Promise.resolve(fakeBench()) };
    const { stdout } = await callCli(["run"], { workingFolder: folder.path, services });
    expect(stdout).toMatch(/^pass {2}first +\d/mu);
    expect(stdout).not.toContain("\u001b");
  });

  it("shows colours and progress on a terminal, and no colours with NO_COLOR or --no-color", async () => {
    await using folder = await temporaryFolder({ "scenarios/first.yaml": scenarioText("first") });
    const services = { openBench: () => Promise.resolve(fakeBench()) };
    const options = { workingFolder: folder.path, services, isTerminal: true, columns: 80 };
    const coloured = await callCli(["run"], options);
    expect(coloured.stdout).toContain("\u001b[32mpass");
    expect(coloured.stdout).toContain("[0/1] first");
    for (const call of [
      await callCli(["run"], { ...options, environment: { NO_COLOR: "1" } }),
      await callCli(["run", "--no-color"], options),
    ]) {
      expect(call.stdout).not.toContain("\u001b[32m");
    }
  });

  it("prints plan and machine with --dry-run, and starts nothing", async () => {
    await using folder = await temporaryFolder({ "scenarios/first.yaml": scenarioText("first") });
    const services = {
      openBench: () =>
        Promise.resolve(
          fakeBench({
            onStart: () => {
              throw new Error("started");
            },
          }),
        ),
    };
    const { code, stdout } = await callCli(["run", "--dry-run"], { workingFolder: folder.path, services });
    expect(stdout).toContain("  - bind: { function: a }");
    expect(stdout).toContain("  - close: { function: a }\n    note: Nothing is left");
    expect(stdout).toContain("qemu-system-s390x -kernel image");
    expect(code).toBe(0);
    expect(existsSync(join(folder.path, "zhil-runs"))).toBe(false);
  });
});
