/** Results of parts put together: a part that never reported is an error, and no unit counts twice. */
import * as z from "zod";
import { UsageError } from "../errors/harness-error.ts";
import { listMachines, type CheckedConfig } from "../nightly/config.ts";
import { nightResultSchema, type MachineResult, type NightResult, type UnitResult } from "../nightly/night-result.ts";
import type { ShardPlan } from "./shard-plan.ts";

/** The file that a part leaves. */
export const shardResultSchema = z.strictObject({
  /** Digest of its plan. */
  plan: z.string(),
  shard: z.int().min(1),
  result: nightResultSchema,
});

/** What a part came to. */
export type ShardResult = z.output<typeof shardResultSchema>;

/**
 * One night of its parts. What the plan has and no part reported is a unit in error; a machine of which parts ran different
 * kernels or QEMUs is one that could not be had, for nothing can be said of it.
 * @throws {UsageError} for a part of another plan, or one that is there twice
 */
export function mergeShards(
  plan: ShardPlan,
  parts: readonly ShardResult[],
  config: CheckedConfig,
  night: Pick<NightResult, "night" | "started">,
): NightResult {
  const byShard = new Map<number, ShardResult>();
  for (const part of parts) {
    if (part.plan !== plan.digest || !plan.shards.some(({ shard }) => shard === part.shard)) {
      throw new UsageError({ what: `Cannot merge part ${part.shard}: it is of another plan` });
    }
    if (byShard.has(part.shard)) throw new UsageError({ what: `Cannot merge part ${part.shard}: it is there twice` });
    byShard.set(part.shard, part);
  }
  const machines = listMachines(config).map((machine): MachineResult => {
    const wanted = plan.shards.filter(({ machines: own }) => Object.hasOwn(own, machine.name));
    const had = wanted.flatMap(({ shard }) => {
      const found = byShard.get(shard)?.result.machines.find(({ name }) => name === machine.name);
      return found === undefined ? [] : [found];
    });
    const ran = had.flatMap((each) => (each.ran === null ? [] : [each.ran]));
    const versions = new Set(ran.map((each) => JSON.stringify(each)));
    const problems = had.flatMap(({ problem }) => (problem === null ? [] : [problem]));
    const different = versions.size > 1 ? ["its parts ran different kernels or QEMUs"] : [];
    const problem = [...problems, ...different].join("; ");
    const units = wanted.flatMap(({ shard, machines: own }) => {
      const part = byShard.get(shard)?.result.machines.find(({ name }) => name === machine.name);
      const reported = new Map(part?.units.map((unit) => [unit.scenario, unit]));
      return (own[machine.name] ?? []).map((scenario) => reported.get(scenario) ?? lostUnit(scenario, shard));
    });
    return {
      ...{
        name: machine.name,
        bench: machine.bench,
        kernel: machine.kernel,
        qemu: machine.qemu,
        ran: ran[0] ?? null,
      },
      ...{ problem: problem === "" ? null : problem, seconds: had.reduce((sum, { seconds }) => sum + seconds, 0) },
      units: problem === "" ? units : [],
    };
  });
  return { ...night, machines };
}

const lostUnit = (scenario: string, shard: number): UnitResult => ({
  ...{ scenario, device: "none", verdict: "error", attempts: ["error"], signature: "never reported" },
  ...{ reason: `Part ${shard} never reported it`, known: [], stale: [], seconds: 0, evidence: "", reproduce: "" },
});
