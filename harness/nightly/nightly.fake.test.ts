/** Two nights on benches with planted failures: what is new, fixed, still failing or flaky is told as such. */
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { PageData } from "../../src/report/page-data.ts";
import { InfrastructureError } from "../errors/harness-error.ts";
import { callCli } from "../testing/call-cli.ts";
import { fakeBench, type FakeBenchOptions } from "../testing/fake-bench.ts";
import { failing, machinePath, makeNights, type Said } from "../testing/nights.ts";

// A night asks for locks by a program, several times; others may use the machine as well.
const slow = { timeout: 120_000 };

const names = ["steady", "breaks", "heals", "limps", "wavers"];

const changesOf = ({ comparison }: Said): readonly string[] =>
  comparison.changes.map(({ kind, scenario, machine }) => `${kind}: ${scenario} on ${machine}`);

describe("zhil nightly", slow, () => {
  it("tells new failures, fixed, still failing and flaky ones, and exits by what fails", async () => {
    await using nights = await makeNights(names);
    const first = await nights.run(() => failing((name) => name === "heals" || name === "limps"));
    expect(changesOf(first.said)).toEqual([
      "new failure: heals on emulated/lean/newest",
      "new failure: limps on emulated/lean/newest",
    ]);
    expect(first.said.comparison.against).toBeNull();
    expect(first.code).toBe(1);

    const bench = failing(
      (name, attempt) => name === "breaks" || name === "limps" || (name === "wavers" && attempt === 1),
    );
    const second = await nights.run(() => bench);
    expect(second.said.comparison.against).toBe(first.said.night);
    expect(changesOf(second.said)).toEqual([
      "new failure: breaks on emulated/lean/newest",
      "still failing: limps on emulated/lean/newest",
      "flaky: wavers on emulated/lean/newest",
      "fixed: heals on emulated/lean/newest",
    ]);
    expect(second.said.machines[0]?.units.find(({ scenario }) => scenario === "wavers")?.attempts).toEqual([
      "fail",
      "pass",
    ]);
    expect(second.stderr).toContain(
      `Night ${second.said.night}, against ${first.said.night}: 1 new failure, 1 still failing, 1 flaky, 1 fixed`,
    );
    expect(second.code).toBe(1);

    const third = await nights.run();
    expect(changesOf(third.said)).toEqual([
      "fixed: breaks on emulated/lean/newest",
      "fixed: limps on emulated/lean/newest",
    ]);
    expect(third.code).toBe(0);
    const fourth = await nights.run();
    expect(changesOf(fourth.said)).toEqual([]);
    expect(fourth.stderr).toContain("nothing changed, nothing fails");
  });

  it("has scenarios on every device of its matrix, as written and put there", async () => {
    await using nights = await makeNights(["steady"], { devices: ["written", "igb"] });
    const { said } = await nights.run(() => failing((name) => name === "steady@igb"));
    expect(said.machines[0]?.units.map(({ scenario, device, verdict }) => [scenario, device, verdict])).toEqual([
      ["quirky", "nvme", "pass"],
      ["steady", "virtio-rng", "pass"],
      ["quirky@igb", "igb", "pass"],
      ["steady@igb", "igb", "fail"],
    ]);
    expect(changesOf(said)).toEqual(["new failure: steady@igb on emulated/lean/newest"]);
  });

  it("finds a mutant on the one machine that has it", async () => {
    await using nights = await makeNights(["steady"], {
      kernels: ["lean", "lean/6.12"],
      qemus: ["newest", "debian/10.0"],
      exclude: [{ kernel: "lean/6.12", qemu: "newest", why: "for this test" }],
    });
    expect((await nights.run()).code).toBe(0);
    const mutant = await nights.run(({ kernel }) => (kernel === "lean/6.12" ? { quirks: ["shadow-by-rpcit"] } : {}));
    expect(changesOf(mutant.said)).toEqual(["new failure: quirky on emulated/lean/6.12/debian/10.0"]);
    expect(mutant.said.machines.map(({ name }) => name)).toEqual([
      "emulated/lean/newest",
      "emulated/lean/debian/10.0",
      "emulated/lean/6.12/debian/10.0",
    ]);
    const asked: unknown[] = [];
    const lost = await nights.run(({ kernel, qemu, boot }) => {
      asked.push([kernel, qemu, boot]);
      return {};
    });
    expect(asked).toEqual([
      [null, null, "clone"],
      [null, "debian/10.0", "clone"],
      ["lean/6.12", "debian/10.0", "clone"],
    ]);
    expect(changesOf(lost.said)).toEqual(["fixed: quirky on emulated/lean/6.12/debian/10.0"]);
  });

  it("leaves a report with a column for each machine, the attempt that went worst, and the nights before", async () => {
    await using nights = await makeNights(["steady", "wavers"], { kernels: ["lean", "lean/6.12"] });
    await nights.run();
    const bench = failing((name, attempt) => name === "wavers" && attempt === 1);
    const { said } = await nights.run(({ kernel }) => (kernel === null ? bench : {}), "--html", "kept/page.html");
    const report = await readFile(machinePath(nights, said.night, "report.html"), "utf8");
    expect(await readFile(join(nights.folder.path, "kept/page.html"), "utf8")).toBe(report);
    const page = JSON.parse(report) as PageData;
    expect(page.runs.map(({ name }) => name)).toEqual([
      `${said.night} emulated/lean/6.12/newest`,
      `${said.night} emulated/lean/newest`,
    ]);
    const wavers = page.scenarios.findIndex(({ name }) => name === "wavers");
    const verdicts = page.cells.filter(({ scenario }) => scenario === wavers).map(({ verdict }) => verdict);
    expect(verdicts).toEqual(["pass", "fail"]);
    expect(page.history?.machines).toEqual(["emulated/lean/newest", "emulated/lean/6.12/newest"]);
    expect(page.history?.marks["wavers"]).toEqual([".~", ".."]);
    expect(page.history?.nights.at(-1)).toBe(said.night);

    // Sent to somebody, and without the other nights.
    const again = await callCli(["report", `zhil-nights/${said.night}`, "-o", "sent.html", "--nights", "nowhere"], {
      workingFolder: nights.folder.path,
    });
    expect(again.stderr).toContain('No history in "nowhere"');
    const { code } = await callCli(["report", `zhil-nights/${said.night}`, "-o", "sent.html"], {
      workingFolder: nights.folder.path,
    });
    expect(code).toBe(0);
    const sent = JSON.parse(await readFile(join(nights.folder.path, "sent.html"), "utf8")) as PageData;
    expect({ ...sent, made: "" }).toEqual({ ...page, made: "" });
  });

  it("goes on after an interruption with what has no answer yet, in the same night", async () => {
    await using nights = await makeNights(names);
    const interrupt = new AbortController();
    const onStart = (name: string): void => {
      if (name === "limps") interrupt.abort();
    };
    const stopped = await callCli(["nightly", "-j", "1"], {
      ...{ workingFolder: nights.folder.path, interrupt: interrupt.signal },
      services: { openBench: () => Promise.resolve(fakeBench({ onStart })) },
    });
    expect(stopped.code).toBe(2);
    const [night = ""] = (await readdir(join(nights.folder.path, "zhil-nights"))).filter((name) =>
      name.startsWith("2"),
    );
    const attempt = machinePath(nights, night, "emulated,lean,newest", "attempt-1");
    const timesOf = async (): Promise<ReadonlyMap<string, number>> =>
      new Map(
        await Promise.all(
          (await readdir(attempt)).map(
            async (name) => [name, (await stat(join(attempt, name, "record.json"))).mtimeMs] as const,
          ),
        ),
      );
    const before = await timesOf();
    expect(before.size).toBeGreaterThanOrEqual(1);
    expect(before.size).toBeLessThan(6);

    const { said, code, stderr } = await nights.run();
    expect(stderr).toContain(`Going on with night ${night}`);
    expect(said.night).toBe(night);
    expect(said.machines[0]?.units).toHaveLength(6);
    expect(code).toBe(0);
    const after = await timesOf();
    for (const [name, time] of before) {
      const { verdict } = JSON.parse(await readFile(join(attempt, name, "record.json"), "utf8")) as {
        verdict: string;
      };
      expect(verdict).toBe("pass");
      if (name !== "limps") expect([name, after.get(name)]).toEqual([name, time]);
    }
  });

  it("has a machine that cannot be had as no answer, and compares it with when it could", async () => {
    await using nights = await makeNights(["limps"], { kernels: ["lean", "lean/6.12"] });
    const bench = (): FakeBenchOptions => failing((name) => name === "limps");
    await nights.run(bench);
    const lost = await nights.run(({ kernel }) => {
      if (kernel !== null) throw new InfrastructureError({ what: "Cannot reach the archive", remedy: "Wait" });
      return bench();
    });
    expect(lost.said.comparison.lost).toEqual([
      { machine: "emulated/lean/6.12/newest", problem: "Cannot reach the archive; remedy: Wait" },
    ]);
    expect(lost.stderr).toContain("1 of 2 machines gave no answer");
    expect(changesOf(lost.said)).toEqual(["still failing: limps on emulated/lean/newest"]);
    expect(lost.code).toBe(1);
    const back = await nights.run(bench);
    expect(changesOf(back.said)).toEqual([
      "still failing: limps on emulated/lean/newest",
      "still failing: limps on emulated/lean/6.12/newest",
    ]);
    const none = await nights.run(() => {
      throw new InfrastructureError({ what: "Cannot reach the archive" });
    });
    expect(none.code).toBe(2);
  });

  it("is not kept from its history by a lock that a killed process left", async () => {
    await using nights = await makeNights([]);
    await mkdir(join(nights.folder.path, "zhil-nights", "history.sqlite.lock"), { recursive: true });
    expect((await nights.run()).code).toBe(0);
  });

  it("begins anew where it is asked to, or where the night was about something else", async () => {
    await using nights = await makeNights(names);
    const first = await nights.run();
    const file = machinePath(nights, first.said.night, "night.json");
    const reopen = async (): Promise<void> => {
      await writeFile(file, (await readFile(file, "utf8")).replace('"ended": true', '"ended": false'));
    };
    await reopen();
    expect((await nights.run(undefined, "--fresh")).said.night).not.toBe(first.said.night);
    const last = (await nights.run()).said.night;
    await rm(join(nights.folder.path, "scenarios", "steady.yaml"));
    const other = await nights.run();
    expect(other.said.night).not.toBe(last);
    expect(changesOf(other.said)).toEqual(["gone: steady on emulated/lean/newest"]);
  });

  it("keeps the evidence of some nights and the history of all", async () => {
    await using nights = await makeNights([], { keep: 2 });
    const had: string[] = [];
    for (let night = 0; night < 3; night++) had.push((await nights.run()).said.night);
    expect(had.map((night) => existsSync(machinePath(nights, night)))).toEqual([false, true, true]);
    const shown = await callCli(["history", "quirky", "--json"], { workingFolder: nights.folder.path });
    expect(shown.stdout.trim().split("\n")).toHaveLength(3);
  });

  it("writes the summary as Markdown, which says until then that there is none", async () => {
    await using nights = await makeNights(["steady"]);
    const file = join(nights.folder.path, "summary.md");
    const seen: string[] = [];
    await nights.run(
      () => {
        void readFile(file, "utf8").then((text) => seen.push(text));
        return failing((name) => name === "steady");
      },
      "--markdown",
      "summary.md",
    );
    expect(seen).toEqual(["### The night did not end\n"]);
    const text = await readFile(file, "utf8");
    expect(text).toContain("1 new failure");
    expect(text).toMatch(/\| new failure \| `steady` \| `emulated\/lean\/newest` \| `step 2/u);
  });

  it("runs on the model itself", async () => {
    await using nights = await makeNights(["steady"], { benches: ["model"] });
    for (const expected of ["the first night", "against"]) {
      const { code, stderr, stdout } = await callCli(["nightly"], { workingFolder: nights.folder.path });
      expect(stderr).toBe("");
      expect(stdout).toContain(expected);
      expect(stdout).toContain("nothing changed, nothing fails");
      expect(code).toBe(0);
    }
  });

  it.each([
    ["--config", "none.ts", /No configuration "none.ts"/u],
    ["--out", "zhil.config.ts", /Cannot keep nights in/u],
  ])("refuses %s %s", async (option, value, message) => {
    await using nights = await makeNights([]);
    const call = await nights.run(undefined, option, value);
    expect(call).toMatchObject({ code: 2, stderr: expect.stringMatching(message) as string });
  });

  it("refuses kernels and QEMUs from the environment: the configuration names them", async () => {
    await using nights = await makeNights([]);
    const { code, stderr } = await callCli(["nightly"], {
      ...{ workingFolder: nights.folder.path, environment: { ZHIL_KERNEL: "bzImage" } },
    });
    expect(stderr).toContain("Cannot run a night with ZHIL_KERNEL set");
    expect(code).toBe(2);
  });
});

describe("zhil history", slow, () => {
  it("shows a scenario's nights by machine, and why it is bad", async () => {
    await using nights = await makeNights(names);
    await nights.run();
    await nights.run(() => failing((name) => name === "breaks"));
    await nights.run(() => failing((name, attempt) => name === "breaks" && attempt === 1));
    const { stdout, code } = await callCli(["history", "breaks"], { workingFolder: nights.folder.path });
    expect(stdout).toContain("breaks, 3 nights");
    expect(stdout).toMatch(/^emulated\/lean\/newest {2}\.F~ /mu);
    expect(stdout).toContain('expected "OK", observed "EIO"');
    expect(code).toBe(0);
    const typo = await callCli(["history", "braeks"], { workingFolder: nights.folder.path });
    expect(typo).toMatchObject({ code: 2, stderr: expect.stringContaining('did you mean "breaks"?') as string });
    const nothing = await callCli(["history", "breaks"], { workingFolder: "/tmp" });
    expect(nothing.stderr).toContain("No history in");
  });
});
