import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { InfrastructureError } from "../../errors/harness-error.ts";
import { KernelBuildError } from "../../kernel/build-kernel.ts";
import type { ProgramCall, ProgramEnd } from "../../kselftest/test-machine.ts";
import { callCli, type Call } from "../../testing/call-cli.ts";
import { endedWith, fakeTestBench, listOf } from "../../testing/fake-test-bench.ts";

let workingFolder: string;
beforeEach(async () => {
  workingFolder = await mkdtemp(join(tmpdir(), "zt-"));
});
afterEach(() => rm(workingFolder, { recursive: true, force: true }));

/** Answers of the one program that has tests: two that pass unless told otherwise. */
const programs =
  (answers: Readonly<Record<string, () => ProgramEnd>> = {}) =>
  ({ program, arguments: [option = "", name = ""] }: ProgramCall): ProgramEnd => {
    const isFirst = program === "/kselftest/iommufd";
    if (option === "-l") {
      return endedWith(isFirst ? listOf("iommufd", ["opens", "closes"]) : listOf("fails_nth", ["maps"]), 4);
    }
    return answers[name]?.() ?? endedWith(`TAP version 13\n1..1\nok 1 ${name}\n`);
  };

interface Called extends Call {
  readonly machines: { readonly taken: number; readonly ended: number };
}

async function call(
  words: readonly string[],
  run: (each: ProgramCall) => ProgramEnd | Promise<ProgramEnd> = programs(),
): Promise<Called> {
  const bench = fakeTestBench(run);
  const services = { openTestBench: () => Promise.resolve(bench) };
  const called = await callCli(["kselftest", "iommu", ...words], { workingFolder, services });
  return { ...called, machines: bench.machines };
}

it("runs every case of every program on a machine of its own, and exits with 0", async () => {
  const { code, stdout, machines } = await call(["-j", "2"]);
  expect(stdout).toContain("3 cases of iommu on Linux 7.2.13 on a fake, 2 at a time");
  expect(stdout).toMatch(/pass {2}fails_nth\.maps/u);
  expect(stdout).toMatch(/3 pass, 0 fail, 0 known, 0 skip, 0 error in/u);
  expect(machines).toEqual({ taken: 4, ended: 4 });
  expect(code).toBe(0);
});

it("shows a failed case's assertion, exits with 1, and runs the others after a panic", async () => {
  const said = "# iommufd.c:1:opens:Expected 0 (0) == 1\n";
  const run = programs({
    "iommufd.opens": () => endedWith(`${said}not ok 1 iommufd.opens\n`, 1),
    "iommufd.closes": () => ({ kind: "panic", alarms: ["Oops at iommufd_fops_release"], console: "Oops" }),
  });
  const { code, stdout, machines } = await call(["-j", "1"], run);
  expect(stdout).toContain("fail  iommufd.opens");
  expect(stdout).toContain("      iommufd.c:1:opens:Expected 0 (0) == 1");
  expect(stdout).toContain("panic: Oops at iommufd_fops_release");
  expect(stdout).toContain("1 pass, 2 fail, 0 known, 0 skip, 0 error");
  expect(machines.taken).toBe(machines.ended);
  expect(code).toBe(1);
});

it("writes a record per case for programs, and a line to repeat it by", async () => {
  const { stdout, stderr } = await call(["--json", "--case", "iommufd.*"]);
  const records = stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>);
  expect(records.map((record) => record["case"])).toEqual(["iommufd.opens", "iommufd.closes"]);
  expect(records[0]).toMatchObject({
    ...{ record: 1, program: "iommufd", verdict: "pass", reason: null, known: [], stale: [], alarms: [] },
    reproduce: "zhil kselftest iommu --case iommufd.opens --kernel lean/kasan",
  });
  expect(stderr).toContain("2 pass");
});

it("writes JUnit, which says that the run did not end until it has", async () => {
  const report = join(workingFolder, "report.xml");
  let before = "";
  const run = programs({
    "iommufd.opens": () => {
      throw new InfrastructureError({ what: "Cannot ask the agent" });
    },
  });
  const { code } = await call(["--junit", "report.xml", "-j", "1"], async (each) => {
    before ||= await readFile(report, "utf8");
    return run(each);
  });
  expect(before).toContain("the run did not end");
  const after = await readFile(report, "utf8");
  expect(after).toContain('<testsuite name="kselftest.iommu" tests="3" failures="0" errors="1" skipped="0"');
  expect(after).toContain('message="Cannot ask the agent"');
  expect(code).toBe(2);
});

it("lists cases and runs none", async () => {
  const { code, stdout } = await call(["--list", "--case", "*.maps"]);
  expect(stdout).toBe("fails_nth.maps\n");
  expect(code).toBe(0);
});

it("knows no other cases and no other collections, with 2", async () => {
  const { code, stderr } = await call(["--case", "nothing.*"]);
  expect(stderr).toContain('No case matches "nothing.*"');
  expect(code).toBe(2);
  const other = await callCli(["kselftest", "vfio"], { workingFolder });
  expect(other.stderr).toContain("Allowed choices are iommu");
});

it("says why where there is no bench, with 2", async () => {
  const services = { openTestBench: () => Promise.reject(new KernelBuildError({ what: "Cannot build" })) };
  const { code, stderr } = await callCli(["kselftest", "iommu"], { workingFolder, services });
  expect(stderr).toContain("zhil: Cannot build");
  expect(code).toBe(2);
});

it("keeps what was decided where it is interrupted, and says how much was not", async () => {
  const interruption = new AbortController();
  const bench = fakeTestBench(async (each, signal) => {
    if (each.arguments[1] !== "iommufd.closes") return programs()(each);
    interruption.abort(new Error("Ctrl-C"));
    await Promise.resolve();
    signal.throwIfAborted();
    return endedWith("");
  });
  const { code, stdout } = await callCli(["kselftest", "iommu", "-j", "1"], {
    ...{ workingFolder, interrupt: interruption.signal },
    services: { openTestBench: () => Promise.resolve(bench) },
  });
  expect(stdout).toContain("Interrupted: 2 not run");
  expect(stdout).toContain("1 pass");
  expect(code).toBe(2);
});
