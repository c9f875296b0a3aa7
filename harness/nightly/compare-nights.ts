/** Two nights beside each other: what is new, what is fixed, what is as bad as before, and what took longer. */
import { isBad, isFlaky, type MachineResult, type NightResult, type UnitResult } from "./night-result.ts";

/** What became of a scenario on a machine since the night before. */
export const changeKinds = [
  "new failure",
  "still failing",
  "flaky",
  "no answer any more",
  "fixed",
  "differs",
  "gone",
] as const;

/** What became of a scenario on a machine. */
export type ChangeKind = (typeof changeKinds)[number];

/** A scenario on a machine that somebody may want to look at. */
export interface Change {
  readonly kind: ChangeKind;
  readonly machine: string;
  readonly scenario: string;
  /** In one line; what a guest wrote is not escaped. */
  readonly why: string;
  /** Tonight; null where it is gone. */
  readonly now: UnitResult | null;
}

/** A scenario that took longer, or shorter, than the load of the machine explains. */
export interface DurationChange {
  readonly machine: string;
  readonly scenario: string;
  /** Seconds, in the night before and tonight. */
  readonly before: number;
  readonly now: number;
}

/** What two nights come to. */
export interface Comparison {
  /** Name of the night before; null where there is none. */
  readonly against: string | null;
  readonly changes: readonly Change[];
  readonly durations: readonly DurationChange[];
  /** Machines that could not be had, and why. */
  readonly lost: readonly { readonly machine: string; readonly problem: string }[];
  /** Machines whose kernel or QEMU is another than the night before. */
  readonly replaced: readonly { readonly machine: string; readonly what: string }[];
  /** Scenarios that ran tonight for the first time, by machine and scenario. */
  readonly added: number;
}

/** A duration is told of where it changed by this factor, beyond what all others of the machine changed by … */
const durationFactor = 2;
/** … and by so many seconds: what takes a moment is measured badly. */
const durationSeconds = 1;

/** Compares a night with the one before; without one, what is bad is new. */
export function compareNights(now: NightResult, before: NightResult | null): Comparison {
  const earlier = new Map(before?.machines.map((machine) => [machine.name, machine]));
  const pairs = now.machines.map((machine) => ({ machine, then: earlier.get(machine.name) ?? null }));
  const changes = pairs.flatMap(({ machine, then }) => compareMachines(machine, then));
  return {
    against: before?.night ?? null,
    changes: changeKinds.flatMap((kind) => changes.filter((change) => change.kind === kind)),
    durations: pairs.flatMap(({ machine, then }) => (then === null ? [] : compareDurations(machine, then))),
    lost: now.machines.flatMap(({ name, problem }) => (problem === null ? [] : [{ machine: name, problem }])),
    replaced: pairs.flatMap(({ machine, then }) => (then === null ? [] : compareVersions(machine, then))),
    added: before === null ? 0 : pairs.reduce((sum, { machine, then }) => sum + countAdded(machine, then), 0),
  };
}

function compareMachines(now: MachineResult, before: MachineResult | null): readonly Change[] {
  // Of a machine that could not be had, the machine is told of, not each scenario.
  if (now.problem !== null) return [];
  const earlier = new Map(before?.units.map((unit) => [unit.scenario, unit]));
  const here = new Set(now.units.map(({ scenario }) => scenario));
  const gone = (before?.units ?? []).filter(({ scenario }) => !here.has(scenario));
  return [
    ...now.units.flatMap((unit): readonly Change[] => {
      const change = classify(unit, earlier.get(unit.scenario) ?? null);
      return change === null ? [] : [{ ...change, machine: now.name, scenario: unit.scenario, now: unit }];
    }),
    ...gone.map(({ scenario, verdict }) => ({
      ...{ kind: "gone" as const, machine: now.name, scenario, now: null },
      why: `there is no such scenario any more; it was ${verdict}`,
    })),
  ];
}

function classify(now: UnitResult, before: UnitResult | null): Pick<Change, "kind" | "why"> | null {
  const reason = now.reason ?? now.verdict;
  const was = before === null ? null : isFlaky(before) ? "flaky" : isBad(before.verdict) ? "bad" : "good";
  if (isFlaky(now)) {
    const bad = now.attempts.filter(isBad).length;
    return { kind: "flaky", why: `${bad} of ${now.attempts.length} attempts: ${reason}` };
  }
  if (isBad(now.verdict)) {
    if (was !== "bad" || before === null)
      return { kind: "new failure", why: was === "flaky" ? `flaky before: ${reason}` : reason };
    const other = before.signature === now.signature ? "" : `otherwise than before (${before.signature ?? ""}): `;
    return { kind: "still failing", why: `${other}${reason}` };
  }
  if (before === null || was === "flaky") return null;
  if (now.verdict === "skip") {
    return before.verdict === "skip" ? null : { kind: "no answer any more", why: `skipped: ${reason}` };
  }
  if (was === "bad") return { kind: "fixed", why: `${now.verdict}; it was: ${before.reason ?? before.verdict}` };
  const [old, young] = [before, now].map((unit) =>
    [unit.verdict, ...unit.known, ...unit.stale.map((name) => `stale ${name}`)].join(" "),
  );
  // What is decided now and was skipped is as good as new.
  return old === young || before.verdict === "skip"
    ? null
    : { kind: "differs", why: `${young ?? ""}; it was ${old ?? ""}` };
}

function compareDurations(now: MachineResult, before: MachineResult): readonly DurationChange[] {
  const earlier = new Map(before.units.map((unit) => [unit.scenario, unit]));
  const both = now.units.flatMap((unit) => {
    const then = earlier.get(unit.scenario);
    const isSteady = then?.verdict === unit.verdict && !isBad(unit.verdict) && unit.verdict !== "skip";
    return isSteady && then.seconds > 0 && unit.seconds > 0
      ? [{ machine: now.name, scenario: unit.scenario, before: then.seconds, now: unit.seconds }]
      : [];
  });
  // A busy host is slow with everything.
  const usual = median(both.map((each) => each.now / each.before)) ?? 1;
  return both.filter((each) => {
    const expected = each.before * usual;
    const factor = Math.max(each.now / expected, expected / each.now);
    return factor >= durationFactor && Math.abs(each.now - expected) >= durationSeconds;
  });
}

function compareVersions(now: MachineResult, before: MachineResult): Comparison["replaced"] {
  if (now.ran === null || before.ran === null) return [];
  const [ran, then] = [now.ran, before.ran];
  return (["kernel", "qemu"] as const).flatMap((part) => {
    if (ran[part].digest === then[part].digest) return [];
    const versions =
      ran[part].version === then[part].version
        ? `another ${ran[part].version}`
        : `${then[part].version} → ${ran[part].version}`;
    return [{ machine: now.name, what: `${part === "qemu" ? "QEMU" : part} ${versions}` }];
  });
}

function countAdded(now: MachineResult, before: MachineResult | null): number {
  const earlier = new Set(before?.units.map(({ scenario }) => scenario));
  return now.units.filter(({ scenario }) => !earlier.has(scenario)).length;
}

function median(values: readonly number[]): number | null {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? null;
}
