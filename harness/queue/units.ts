/** Units of work as they are queued: a scenario on a machine, known by what it is about. */
import * as z from "zod";
import { parseScenario } from "../../src/scenario/parse.ts";
import { findVariant } from "../../src/scenario/put-on-device.ts";
import { makeKey } from "../assets/digest.ts";
import { InfrastructureError } from "../errors/harness-error.ts";
import { benchNames } from "../run/bench-names.ts";
import { bootKinds } from "../run/boot-kinds.ts";
import type { ScenarioFolder } from "../scenarios/read-scenarios.ts";

/** A machine of a night, for whoever can have it. */
export const queuedMachineSchema = z.strictObject({
  name: z.string(),
  bench: z.enum(benchNames),
  /** As `--kernel` takes it; null for what a run boots where nobody says. */
  kernel: z.string().nullable(),
  qemu: z.string().nullable(),
  boot: z.enum(bootKinds),
  /** By what its results are judged. */
  judge: z.string(),
  /** Milliseconds since the epoch; then it is given up. */
  until: z.number(),
});

/** A machine of a night. */
export type QueuedMachine = z.output<typeof queuedMachineSchema>;

/** A scenario to run: its text, for a worker reads and checks it as it would a file. */
export const unitSchema = z.strictObject({
  scenario: z.string(),
  file: z.string(),
  text: z.string(),
  /** Why it cannot be read; null where it can. */
  problem: z.string().nullable(),
});

/** A scenario to run. */
export type Unit = z.output<typeof unitSchema>;

/** Name of a unit in one machine's queue: of the same attempt at the same scenario there is one, however often it is queued. */
export const keyOfUnit = (unit: Unit, attempt: number): string =>
  `u${makeKey({ ...unit, problem: unit.problem ?? "", attempt: String(attempt) })}`;

/** The scenario of a unit, as a selection of one; what cannot be read is broken, as in any folder. */
export function readUnit(unit: Unit): ScenarioFolder {
  const { scenario: name, file, text, problem } = unit;
  const broken = (error: Error): ScenarioFolder => ({ scenarios: [], broken: [{ name, file, error }] });
  if (problem !== null) return broken(new InfrastructureError({ what: problem }));
  try {
    const scenario = findVariant(parseScenario(text, file), name);
    if (scenario !== undefined) return { scenarios: [scenario], broken: [] };
    return broken(new InfrastructureError({ what: `Cannot find "${name}" in its file`, where: file }));
  } catch (error) {
    return broken(error instanceof Error ? error : new Error(String(error)));
  }
}
