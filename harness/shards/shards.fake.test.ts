/** A night planned for runners, run in parts, and merged: one night, whatever became of its parts. */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { callCli, type Call } from "../testing/call-cli.ts";
import { failing, makeNights, type Nights, type Said } from "../testing/nights.ts";
import { recordOf } from "../testing/record-of.ts";
import { checkConfig } from "../nightly/config.ts";
import { foldAttempts } from "../nightly/night-result.ts";
import { mergeShards, type ShardResult } from "./merge-shards.ts";
import type { ShardPlan } from "./shard-plan.ts";

const slow = { timeout: 120_000 };
const names = ["one", "two", "three", "four"].map((name) => `scenario-${name}`);
const machine = "emulated/lean/newest";

const zhil = (nights: Nights, ...argv: readonly string[]): Promise<Call> =>
  callCli(argv, { workingFolder: nights.folder.path });

describe("zhil plan, nightly --plan and merge", slow, () => {
  it("come to one night with every result once, compared with the night before", async () => {
    await using nights = await makeNights(names);
    const before = await nights.run();
    const planned = await zhil(nights, "plan", "--shards", "2");
    expect(planned).toMatchObject({
      code: 0,
      stdout: '{"include":[{"shard":1,"runner":"any"},{"shard":2,"runner":"any"}]}\n',
    });
    expect(planned.stderr).toMatch(/^part 1 \(any\): \d scenarios, /mu);
    for (const shard of ["1", "2"]) {
      const bench = failing((name) => name === "scenario-two");
      await nights.run(() => bench, "--plan", "plan.json", "--shard", shard, "--out", `runner-${shard}`);
    }
    const parts = ["part-1.json", "part-2.json"];
    const merged = await zhil(nights, "merge", ...parts, "--json");
    const said = JSON.parse(merged.stdout) as Said;
    expect(said.comparison.against).toBe(before.said.night);
    expect(said.comparison.changes.map(({ kind, scenario }) => [kind, scenario])).toEqual([
      ["new failure", "scenario-two"],
    ]);
    expect(said.machines[0]?.units.map(({ scenario }) => scenario).toSorted()).toEqual(
      [...names, "quirky"].toSorted(),
    );
    expect(merged.code).toBe(1);
    // Merged again it is the same night: the history has it once.
    await zhil(nights, "merge", ...parts);
    const { stdout } = await zhil(nights, "history", "scenario-two", "--json");
    expect(stdout.trim().split("\n")).toHaveLength(2);
  });

  it("have a part that never reported as an error, not a pass", async () => {
    await using nights = await makeNights(names);
    await zhil(nights, "plan", "--shards", "2", "--format", "gitlab");
    await nights.run(undefined, "--plan", "plan.json", "--shard", "1", "--out", "runner-1");
    const { code, stdout } = await zhil(nights, "merge", "part-1.json");
    expect(stdout).toContain("Part 2 never reported");
    expect(code).toBe(2);
  });

  it("refuse what does not belong together", async () => {
    await using nights = await makeNights(names);
    await zhil(nights, "plan", "--shards", "2");
    await nights.run(undefined, "--plan", "plan.json", "--shard", "1", "--out", "runner-1");
    const twice = await zhil(nights, "merge", "part-1.json", "part-1.json");
    expect(twice).toMatchObject({ code: 2, stderr: expect.stringContaining("it is there twice") as string });
    const file = join(nights.folder.path, "part-1.json");
    await writeFile(file, (await readFile(file, "utf8")).replace(/"plan":"\w+"/u, '"plan":"0"'));
    expect((await zhil(nights, "merge", "part-1.json")).stderr).toContain("it is of another plan");
    expect((await zhil(nights, "merge", "zhil.config.ts")).stderr).toContain('Cannot read the part "');
    expect((await nights.run(undefined, "--plan", "plan.json", "--shard", "3")).stderr).toContain("No part 3 in");
    expect((await nights.run(undefined, "--shard", "1")).stderr).toContain("without both --plan and --shard");
  });
});

describe("mergeShards", () => {
  const config = checkConfig({}, "zhil.config.ts");
  const plan: ShardPlan = {
    ...{ plan: 1, digest: "d" },
    shards: [1, 2].map((shard) => ({ shard, runner: "any", seconds: 1, machines: { [machine]: [`s${shard}`] } })),
  };
  const partOf = (shard: number, kernel: string, problem: string | null = null): ShardResult => ({
    ...{ plan: "d", shard },
    result: {
      ...{ night: "n", started: "2026-11-21T12:00:00.000Z" },
      machines: [
        {
          ...{ name: machine, bench: "emulated", kernel: "lean", qemu: "newest", problem, seconds: 2 },
          ran: { kernel: { version: "7.2.13", digest: kernel }, qemu: { version: "11.1.3", digest: "q" } },
          units: problem === null ? [foldAttempts([recordOf({ scenario: `s${shard}` })], "nvme")] : [],
        },
      ],
    },
  });
  const night = { night: "n", started: "2026-11-21T12:00:00.000Z" };

  it("takes nothing for granted of parts that ran different kernels, or had none", () => {
    const [good] = mergeShards(plan, [partOf(1, "k"), partOf(2, "k")], config, night).machines;
    expect(good).toMatchObject({ problem: null, seconds: 4 });
    expect(good?.units.map(({ scenario, verdict }) => [scenario, verdict])).toEqual([
      ["s1", "pass"],
      ["s2", "pass"],
    ]);
    const [mixed] = mergeShards(plan, [partOf(1, "k"), partOf(2, "other")], config, night).machines;
    expect(mixed).toMatchObject({ problem: "its parts ran different kernels or QEMUs", units: [] });
    const [none] = mergeShards(plan, [partOf(1, "k"), partOf(2, "k", "no archive")], config, night).machines;
    expect(none?.problem).toBe("no archive");
    const [lost] = mergeShards(plan, [partOf(1, "k")], config, night).machines;
    expect(lost?.units[1]).toMatchObject({ scenario: "s2", verdict: "error", reason: "Part 2 never reported it" });
  });
});
