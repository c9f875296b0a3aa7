/** What a reproducer's debugger is told: lines of its operations that begin with `@` (guests/replay/answers.py). */
import { stopsOf } from "../../src/operation/during.ts";
import type { Operation } from "../../src/operation/operation.ts";
import type { Plan } from "../../src/plan/plan.ts";
import { instructionPlaces } from "../gdb/kernel-instructions.ts";
import { kernelPoints, refreshSymbol } from "../gdb/kernel-points.ts";
import { eventSymbols } from "../gdb/tell-event.ts";
import { deviceId } from "../qemu/device.ts";
import { takesDebugger } from "./find-hindrance.ts";

const tell = (what: object): string => `@${JSON.stringify(what)}`;

/** Where instructions are: what it is told first. */
export const debuggerBegin: string = tell({ places: instructionPlaces });

/** Ends what was to be done in the operation before. */
export const debuggerEnd: string = tell({});

/** Functions of the kernel that the debugger has to know for a plan: what the agent is asked for. */
export function debuggerSymbols({ steps }: Plan): readonly string[] {
  const operations = steps.map(({ operation }) => operation).filter(takesDebugger);
  return [
    ...new Set(
      operations.flatMap((operation) => [
        ...(operation.op === "event" ? eventSymbols : []),
        ...(operation.answers ?? []).flatMap(({ instruction }) => instructionPlaces[instruction].symbols),
        ...stopsOf(operation).flatMap(({ at }) => [...kernelPoints[at].symbols, refreshSymbol]),
      ]),
    ),
  ];
}

/** What the debugger is told before an operation; null where it has no part in it. */
export function debuggerLine(operation: Operation, { profile }: Plan): string | null {
  if (!takesDebugger(operation)) return null;
  const { answers = [] } = operation;
  const unplugged = operation.op === "unplug" && profile.functions.find(({ name }) => name === operation.function);
  const stops = stopsOf(operation).map((stop) => ({ ...stop, ...kernelPoints[stop.at], refresh: refreshSymbol }));
  const fid = operation.op === "event" && profile.functions.find(({ name }) => name === operation.function)?.fid;
  return tell({
    ...(answers.length === 0 ? {} : { answers }),
    ...(unplugged ? { monitor: `device_del ${deviceId(unplugged)}` } : {}),
    ...(stops.length === 0 ? {} : { stops }),
    ...(operation.op === "event" ? { event: { fid, code: operation.code, stale: operation.stale } } : {}),
  });
}
