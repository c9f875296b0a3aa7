/** What happened in a step, by lane: told by what was observed, and by how that differs from the step before. */
import type { DomainCounters, Observation } from "../trace/observation.ts";
import type { TraceStep } from "../trace/trace.ts";
import type { Lane, PageEvent } from "./page-data.ts";

const counterWords: Readonly<Record<keyof DomainCounters, (count: number) => string>> = {
  mapped: (count) => `${pages(count)} mapped`,
  unmapped: (count) => `${pages(count)} unmapped`,
  globalRpcits: (count) => `${rpcits(count)} of everything`,
  syncMapRpcits: (count) => `${rpcits(count)} for a map`,
  syncRpcits: (count) => `${rpcits(count)} for an unmap`,
};
const pages = (count: number): string => `${String(count)} page${count === 1 ? "" : "s"}`;
const rpcits = (count: number): string => `${String(count)} RPCIT${count === 1 ? "" : "s"}`;

const badMessage = /\berror\b|cc=|rc=/u;

/** The events of a step; `previous` is the step before, null for the first. */
export function findEvents({ observation, evidence }: TraceStep, previous: TraceStep | null): readonly PageEvent[] {
  const before = previous?.observation ?? null;
  const event = (lane: Lane, text: string, tone: PageEvent["tone"] = "plain"): PageEvent => ({ lane, text, tone });
  return [
    ...driverChanges(observation, before).map((text) => event("host", text)),
    ...observation.alarms.map((text) => event("host", text, "bad")),
    ...counterChanges(observation, before).map((text) => event("zpci", text)),
    ...observation.messages.map((text) => event("zpci", text, badMessage.test(text) ? "bad" : "plain")),
    ...completionOf(observation).map((text) => event("function", text)),
    ...Object.entries(observation.memory).map(([page, content]) => event("function", `${page} ← ${content}`)),
    ...Object.entries(observation.blocks).map(([block, content]) =>
      event("function", `medium ${block} ← ${content}`),
    ),
    ...deviceChanges(observation, before).map((text) => event("function", text)),
    ...evidence.log.map((text) => event("console", text)),
  ];
}

/** What the device said of a transfer. */
const completionOf = ({ values: { completion } }: Observation): string[] =>
  typeof completion === "string" ? [`completion: ${completion}`] : [];

function driverChanges({ functions }: Observation, before: Observation | null): string[] {
  return Object.entries(functions).flatMap(([name, { driver, enabled }]) => {
    const earlier = before?.functions[name];
    const changes: string[] = [];
    if (earlier === undefined) return driver === null ? [] : [`${name}: driver ${driver}`];
    if (earlier.driver !== driver) changes.push(`${name}: ${driver === null ? "no driver" : `driver ${driver}`}`);
    if (earlier.enabled !== enabled) {
      changes.push(`${name}: ${enabled === null ? "gone" : enabled ? "enabled" : "disabled"}`);
    }
    return changes;
  });
}

/** How far the counters of a function's domain went on; where there are none, or others, that is told instead. */
function counterChanges({ functions }: Observation, before: Observation | null): string[] {
  return Object.entries(functions).flatMap(([name, { counters }]) => {
    const earlier = before?.functions[name]?.counters ?? null;
    if (counters === null) return earlier === null ? [] : [`${name}: no domain`];
    const keys = Object.keys(counterWords) as (keyof DomainCounters)[];
    // Smaller counts are those of another domain.
    const isAnother = earlier === null || keys.some((key) => counters[key] < earlier[key]);
    const counts = keys
      .map((key) => ({ key, by: isAnother ? counters[key] : counters[key] - earlier[key] }))
      .filter(({ by }) => by > 0)
      .map(({ key, by }) => counterWords[key](by));
    if (!isAnother) return counts.map((count) => `${name}: ${count}`);
    return [`${name}: in a domain${counts.length === 0 ? "" : `, so far ${counts.join(", ")}`}`];
  });
}

function deviceChanges({ devices = {} }: Observation, before: Observation | null): string[] {
  return Object.entries(devices).flatMap(([name, view]) => {
    const earlier = before?.devices?.[name];
    if (view === null) return earlier === null ? [] : [`${name}: nobody answers`];
    const changes: string[] = [];
    if (view.emptied) changes.push(`${name}: all taken from its reach`);
    if (view.reset) changes.push(`${name}: told to reset`);
    const reach = view.reach.join(", ");
    if (reach !== (earlier?.reach ?? []).join(", "))
      changes.push(`${name} reaches ${reach === "" ? "nothing" : reach}`);
    return changes;
  });
}
