import { rmSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { InfrastructureError } from "../errors/harness-error.ts";
import { callCli, type Call } from "../testing/call-cli.ts";
import { fakeBench } from "../testing/fake-bench.ts";
import { scenarioText, temporaryFolder } from "../testing/scenario-files.ts";
import { realServices, type Services } from "./services.ts";

async function call(argv: readonly string[], services: Partial<Services> = {}, environment = {}): Promise<Call> {
  await using folder = await temporaryFolder({
    "scenarios/attach-twice.yaml": scenarioText("attach-twice", {
      tags: ["attach"],
      seeds: ["000"],
      requires: ["IOMMUFD_TEST"],
    }),
    "scenarios/replace-full.yaml": scenarioText("replace-full", { tags: ["replace"] }),
  });
  return await callCli(argv, {
    workingFolder: folder.path,
    environment,
    services: { openBench: () => Promise.resolve(fakeBench()), ...services },
  });
}

describe("usage", () => {
  it.each([
    [["run", "--bnch", "model"], "error: unknown option '--bnch'"],
    [["run", "--bench", "lpra"], "Allowed choices are emulated, passthrough, lpar, model"],
    [["run", "-j", "0"], "Expected a number of scenarios at a time, 1 or more"],
    [["run", "-j", "many"], "Expected a number of scenarios at a time, 1 or more"],
    [["rnu"], "(Did you mean run?)"],
    [["run", "atach-twice"], 'zhil: Unknown scenario "atach-twice": did you mean "attach-twice"?'],
    [["run", "--tag", "nothing-like-it"], 'zhil: No scenario has the tag "nothing-like-it"'],
    [["run", "--bench", "model", "--kernel", "bzImage"], 'zhil: Cannot use --kernel or --qemu on bench "model"'],
    [["run", "--backend", "container"], 'zhil: Cannot use --backend on bench "emulated": no guest has a host there'],
    [
      ["run", "--bench", "passthrough", "--boot", "shared"],
      'zhil: Cannot use --boot shared on bench "passthrough": every guest has a host of its own',
    ],
    [["show", "nowhere"], "zhil: Cannot read the folder"],
    [["list", "--tag"], "argument missing"],
  ])("%j is wrong and says why, with 2 and nothing on standard output", async (argv, message) => {
    const { code, stdout, stderr } = await call(argv);
    expect(stderr).toContain(message);
    expect(code).toBe(2);
    expect(stdout).toBe("");
  });

  it("explains itself with --help: options, examples, exit codes, environment", async () => {
    const { code, stdout } = await call(["--help"]);
    for (const word of [
      "run [options]",
      "show",
      "doctor",
      "Exit codes",
      "ZHIL_KERNEL",
      "ZHIL_TIME_SCALE",
      "NO_COLOR",
    ]) {
      expect(stdout).toContain(word);
    }
    expect(code).toBe(0);
    const run = await callCli(["help", "run"], { workingFolder: "/" });
    for (const word of ["--junit", "--report", "--dry-run", "Examples:", "Verdicts:", "known"])
      expect(run.stdout).toContain(word);
    expect(run.code).toBe(0);
  });

  it("says which version it is", async () => {
    const { code, stdout } = await call(["--version"]);
    expect(stdout).toMatch(/^\d+\.\d+\.\d+\n$/u);
    expect(code).toBe(0);
  });
});

describe("zhil run", () => {
  it("hands kernel and QEMU to the bench: flags first, then the environment", async () => {
    const chosen: unknown[] = [];
    const openBench: Services["openBench"] = ({ name, kernel, qemu }) => {
      chosen.push({ name, kernel, qemu });
      return Promise.resolve(fakeBench());
    };
    await call(["run", "--kernel", "/flag"], { openBench }, { ZHIL_KERNEL: "/environment", ZHIL_QEMU: "/qemu" });
    await call(["run"], { openBench }, { ZHIL_KERNEL: "", ZHIL_QEMU: "/qemu" });
    await call(["run", "--qemu", "/flag"], { openBench }, { ZHIL_KERNEL: "/environment" });
    expect(chosen).toEqual([
      { name: "emulated", kernel: "/flag", qemu: "/qemu" },
      { name: "emulated", kernel: null, qemu: "/qemu" },
      { name: "emulated", kernel: "/environment", qemu: "/flag" },
    ]);
  });

  it("exits with 2 and the remedy where the bench cannot be had", async () => {
    const openBench = () =>
      Promise.reject(
        new InfrastructureError({
          what: "Cannot find a QEMU for s390x",
          remedy: "Install it",
          cause: new Error("ENOENT\u001b[2J"),
        }),
      );
    const { code, stdout, stderr } = await call(["run", "--json"], { openBench });
    expect(stderr).toBe("zhil: Cannot find a QEMU for s390x\n  because: ENOENT\\x1b[2J\n  remedy: Install it\n");
    expect(stdout).toBe("");
    expect(code).toBe(2);
  });

  it("is never green where a report cannot be written, at the start or at the end", async () => {
    await using folder = await temporaryFolder({
      "scenarios/attach-twice.yaml": scenarioText("attach-twice"),
      "reports/keep": "",
    });
    const reports = join(folder.path, "reports");
    const onEnd = (): void => {
      rmSync(reports, { recursive: true });
    };
    const openBench = () => Promise.resolve(fakeBench({ onEnd }));
    const argv = ["run", "--junit", "reports/junit.xml"];
    const late = await callCli(argv, { workingFolder: folder.path, services: { openBench } });
    expect(late.stdout).toContain("1 pass, 0 fail");
    expect(late.stderr).toMatch(/^zhil: The report "junit" broke: Cannot write the junit report/u);
    expect(late.code).toBe(2);
    const early = await callCli(argv, { workingFolder: folder.path, services: { openBench } });
    expect(early.stdout).toBe("");
    expect(early.stderr).toMatch(/^zhil: Cannot write the junit report/u);
    expect(early.code).toBe(2);
  });

  it("runs on the real model, and the report says the same as the records", async () => {
    const { code, stdout } = await call(["run", "--bench", "model", "--json"], {
      openBench: realServices.openBench,
    });
    expect(
      stdout
        .trim()
        .split("\n")
        .map((line) => (JSON.parse(line) as { verdict: string }).verdict),
    ).toEqual(["pass", "pass"]);
    expect(code).toBe(0);
  });
});

describe("zhil list", () => {
  it("says what each scenario decides and needs", async () => {
    const { code, stdout } = await call(["list"]);
    expect(stdout).toContain("attach-twice  attach  seed 000\n");
    expect(stdout).toContain("    A function is bound to vfio-pci and let go again\n");
    expect(stdout).toContain("    needs IOMMUFD IOMMUFD_TEST S390_IOMMU VFIO_DEVICE_CDEV VFIO_PCI\n");
    expect(code).toBe(0);
  });

  it("selects as run does, and speaks JSON", async () => {
    const { stdout } = await call(["list", "--json", "--seed", "000"]);
    const listed = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(listed).toMatchObject([{ name: "attach-twice", tags: ["attach"], seeds: ["000"], steps: 3 }]);
  });

  it("has scenarios on other devices, and suggests what a mistyped one may have been", async () => {
    const { stdout } = await call(["list", "--json", "--seed", "000", "--device", "igb", "--device", "e1000e"]);
    const listed = stdout.trim().split("\n");
    expect(listed.map((line) => JSON.parse(line) as unknown)).toMatchObject([
      { name: "attach-twice@igb", functions: { a: "igb" } },
      { name: "attach-twice@e1000e", functions: { a: "e1000e" } },
    ]);
    const mistyped = await call(["list", "--device", "e1000"]);
    expect(mistyped.stderr).toContain('Expected virtio-blk, igb, e1000e: did you mean "e1000e"?');
    expect(mistyped.code).toBe(2);
  });

  it("lists what can be read and exits with 2 where a file cannot", async () => {
    await using folder = await temporaryFolder({
      "scenarios/good.yaml": scenarioText("good"),
      "scenarios/bad.yaml": "[",
    });
    const { code, stdout, stderr } = await callCli(["list"], { workingFolder: folder.path });
    expect(stdout).toContain("good");
    expect(stderr).toMatch(/zhil: Cannot read scenario ".*bad\.yaml", line 1: not YAML/u);
    expect(code).toBe(2);
  });
});

describe("zhil doctor", () => {
  const findings = [
    { what: "node", state: "ok", detail: "20.20.2", remedy: null },
    {
      what: "compiler",
      state: "missing",
      detail: "no s390x-linux-gnu-gcc",
      remedy: "apt-get install gcc-s390x-linux-gnu",
    },
  ] as const;

  it("says line by line what is there and what to do, with 2 where something is missing", async () => {
    const { code, stdout } = await call(["doctor"], { examineMachine: () => Promise.resolve(findings) });
    expect(stdout.split("\n").slice(0, 3)).toEqual([
      "ok       node: 20.20.2",
      "missing  compiler: no s390x-linux-gnu-gcc",
      "         do: apt-get install gcc-s390x-linux-gnu",
    ]);
    expect(code).toBe(2);
  });

  it("exits with 0 where nothing is missing, and speaks JSON", async () => {
    const { code, stdout } = await call(["doctor", "--json"], {
      examineMachine: () => Promise.resolve([findings[0]]),
    });
    expect(JSON.parse(stdout)).toEqual(findings[0]);
    expect(code).toBe(0);
  });
});
