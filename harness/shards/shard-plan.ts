/** A night in parts, for several runners: who does what, as a file that every runner is given. */
import * as z from "zod";
import { makeKey } from "../assets/digest.ts";
import { UsageError } from "../errors/harness-error.ts";

/** A scenario on a machine, and how long it is expected to take. */
export interface PlannedUnit {
  readonly machine: string;
  readonly scenario: string;
  /** Of its first function. */
  readonly device: string;
  readonly seconds: number;
}

/** A runner, and what it can do: it has bench, kernel, QEMU and devices that a unit needs, or it has not. */
export interface Runner {
  readonly name: string;
  readonly can: (unit: PlannedUnit) => boolean;
}

const shardSchema = z.strictObject({
  shard: z.int().min(1),
  /** The kind of runner that it is for. */
  runner: z.string(),
  /** Expected, with each machine's preparation. */
  seconds: z.number(),
  /** Scenarios by machine. */
  machines: z.record(z.string(), z.array(z.string())),
});

/** The file that `zhil plan` writes. */
export const shardPlanSchema = z.strictObject({
  plan: z.literal(1),
  /** Of what the parts are: results of another plan are not merged. */
  digest: z.string(),
  shards: z.array(shardSchema).min(1),
});

/** A plan. */
export type ShardPlan = z.output<typeof shardPlanSchema>;

/** Seconds that a machine costs a runner before its first scenario: its QEMU and kernel prepared, a template frozen. */
const machineSeconds = 15;

interface Loaded {
  readonly shard: number;
  readonly runner: Runner;
  seconds: number;
  readonly machines: Map<string, string[]>;
}

/**
 * Gives each unit to the runner that is done with it first, the longest units first; those that fewer runners can do have
 * their turn before others. A preparation counts twice when runners are compared: its time is lost to all.
 * @throws {UsageError} where no runner can do a unit
 */
export function planShards(units: readonly PlannedUnit[], runners: readonly Runner[]): ShardPlan {
  const shards: readonly Loaded[] = runners.map((runner, index) => ({
    ...{ shard: index + 1, runner, seconds: 0, machines: new Map() },
  }));
  const able = units.map((unit) => ({ unit, those: shards.filter(({ runner }) => runner.can(unit)) }));
  const stranded = able.find(({ those }) => those.length === 0)?.unit;
  if (stranded !== undefined) {
    throw new UsageError({
      what: `Cannot plan "${stranded.scenario}" on machine "${stranded.machine}": no runner can do it`,
      remedy: "Add one to the configuration's runners, plan for more shards, or leave it out",
    });
  }
  const sorted = able.toSorted(
    (a, b) => a.those.length - b.those.length || b.unit.seconds - a.unit.seconds || compareNames(a.unit, b.unit),
  );
  for (const { unit, those } of sorted) {
    const { machine, scenario, seconds } = unit;
    const preparing = (shard: Loaded): number => (shard.machines.has(machine) ? 0 : machineSeconds);
    const costOf = (shard: Loaded): number => shard.seconds + 2 * preparing(shard);
    const [best] = those.toSorted((a, b) => costOf(a) - costOf(b) || a.shard - b.shard);
    if (best === undefined) continue;
    best.seconds += seconds + preparing(best);
    best.machines.set(machine, [...(best.machines.get(machine) ?? []), scenario]);
  }
  const parts = shards.map(({ shard, runner, seconds, machines }) => ({
    ...{ shard, runner: runner.name, seconds: Math.round(seconds * 10) / 10 },
    machines: Object.fromEntries([...machines].map(([machine, names]) => [machine, names.toSorted()])),
  }));
  return { plan: 1, digest: makeKey({ parts: JSON.stringify(parts) }), shards: parts };
}

/** Equal ones in an order that is the same everywhere. */
const compareNames = (a: PlannedUnit, b: PlannedUnit): number =>
  `${a.machine} ${a.scenario}` < `${b.machine} ${b.scenario}` ? -1 : 1;

/** The matrix that a job of GitHub Actions takes: `strategy: { matrix: ${{ fromJSON(…) }} }`. */
export const formatGithubMatrix = ({ shards }: ShardPlan): string =>
  `${JSON.stringify({ include: shards.map(({ shard, runner }) => ({ shard, runner })) })}\n`;

/** What stands below `parallel:` in a job of GitLab's; JSON is YAML. */
export const formatGitlabMatrix = ({ shards }: ShardPlan): string =>
  `${JSON.stringify({ matrix: shards.map(({ shard, runner }) => ({ SHARD: String(shard), RUNNER: runner })) })}\n`;
