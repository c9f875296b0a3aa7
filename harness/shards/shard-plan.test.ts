import { describe, expect, it } from "vitest";
import { checkConfig } from "../nightly/config.ts";
import { listRunners } from "./runners.ts";
import { formatGithubMatrix, formatGitlabMatrix, planShards, type PlannedUnit } from "./shard-plan.ts";

const config = (value: object) => checkConfig(value, "zhil.config.ts");
const unitsOn = (machine: string, seconds: readonly number[], device = "nvme"): readonly PlannedUnit[] =>
  seconds.map((each, index) => ({ machine, scenario: `s${index}`, device, seconds: each }));
const lean = "emulated/lean/newest";

describe("planShards", () => {
  it("gives every unit to one runner, and none much more to do than another", () => {
    const units = unitsOn(lean, [60, 50, 40, 30, 20, 20, 10, 10, 5, 5, 1, 1]);
    const { shards } = planShards(units, listRunners(config({}), 3));
    const given = shards.flatMap(({ machines }) => machines[lean] ?? []);
    expect(given.toSorted()).toEqual(units.map(({ scenario }) => scenario).toSorted());
    const times = shards.map(({ seconds }) => seconds);
    // 252 s of scenarios, and 15 s for each runner's machine.
    expect(Math.max(...times)).toBeLessThanOrEqual(252 / 3 + 15 + 2);
    expect(Math.max(...times) - Math.min(...times)).toBeLessThanOrEqual(5);
  });

  it("prepares a machine where it is prepared already, if that is sooner", () => {
    const units = [...unitsOn("emulated/lean/newest", [1, 1]), ...unitsOn("emulated/lean/6.12/newest", [1, 1])];
    const two = config({ kernels: ["lean", "lean/6.12"] });
    const { shards } = planShards(units, listRunners(two, 2));
    expect(shards.map(({ machines }) => Object.keys(machines))).toEqual([
      ["emulated/lean/6.12/newest"],
      ["emulated/lean/newest"],
    ]);
  });

  it("gives a runner what it can do, and names what none can", () => {
    const kinds = config({
      kernels: ["lean", "lean/6.12"],
      runners: [{ name: "small", kernels: ["lean"], devices: ["nvme", "none"] }, { name: "big" }],
    });
    const units = [
      ...unitsOn(lean, [9, 9, 9]),
      ...unitsOn("emulated/lean/6.12/newest", [1]),
      { machine: lean, scenario: "served", device: "witness", seconds: 1 },
    ];
    const { shards } = planShards(units, listRunners(kinds, 2));
    expect(shards.map(({ runner }) => runner)).toEqual(["small", "big"]);
    expect(shards[0]?.machines).toEqual({ [lean]: ["s0", "s1"] });
    expect(shards[1]?.machines).toEqual({ "emulated/lean/6.12/newest": ["s0"], [lean]: ["s2", "served"] });
    expect(() => planShards(units, listRunners(kinds, 1))).toThrow(
      'Cannot plan "s0" on machine "emulated/lean/6.12/newest": no runner can do it',
    );
  });

  it("is the same plan for the same units, whatever their order, and another for others", () => {
    const units = unitsOn(lean, [3, 3, 3, 3]);
    const runners = listRunners(config({}), 2);
    expect(planShards(units.toReversed(), runners).digest).toBe(planShards(units, runners).digest);
    expect(planShards(units.slice(1), runners).digest).not.toBe(planShards(units, runners).digest);
  });

  it("is a matrix for GitHub and for GitLab, in one line", () => {
    const plan = planShards(unitsOn(lean, [1, 1]), listRunners(config({}), 2));
    expect(formatGithubMatrix(plan)).toBe('{"include":[{"shard":1,"runner":"any"},{"shard":2,"runner":"any"}]}\n');
    expect(formatGitlabMatrix(plan)).toBe('{"matrix":[{"SHARD":"1","RUNNER":"any"},{"SHARD":"2","RUNNER":"any"}]}\n');
  });
});
