/** Functions of a plan that this process serves: what they perform themselves, without their guest, and what they were told. */
import type { Operation } from "../../src/operation/operation.ts";
import type { DeviceView, Value } from "../../src/trace/observation.ts";
import { InfrastructureError } from "../errors/harness-error.ts";
import type { ObservedFunction } from "../vfio-user/observed-function.ts";
import type { Witness, WitnessCompletion } from "../vfio-user/witness.ts";

/** A function that this process serves, and the witness that it is, where it is one. */
export interface Served {
  readonly served: ObservedFunction;
  readonly witness: Witness | null;
}

/** The functions of a machine that this process serves, by name. */
export type Witnesses = ReadonlyMap<string, Served>;

/** Has a witness perform an operation; null where the operation is for the guest to perform. */
export function performOnWitness(witnesses: Witnesses, operation: Operation): Promise<WitnessCompletion> | null {
  if (operation.op !== "dma-write" && operation.op !== "dma-read") return null;
  const witness = witnesses.get(operation.function)?.witness ?? null;
  if (witness === null) return null;
  const iova = BigInt(operation.iova);
  return operation.op === "dma-write"
    ? witness.writeMemory(iova, operation.block)
    : witness.readMemory(iova, operation.block);
}

/** What the functions were told since the last time, in order; null where there are none. */
export function takeEvents(witnesses: Witnesses): Value {
  if (witnesses.size === 0) return null;
  const taken = [...witnesses].map(([name, { served }]) => [name, served.takeEvents()]);
  return Object.fromEntries(taken) as Value;
}

/** What the functions may reach now, and what befell them since the last time. */
export const takeViews = (witnesses: Witnesses): Readonly<Record<string, DeviceView | null>> =>
  Object.fromEntries([...witnesses].map(([name, { served }]) => [name, served.takeView()]));

/**
 * Checks that every function can be believed.
 * @throws {InfrastructureError} where one could not understand QEMU: from then on it can say nothing
 */
export function checkWitnesses(witnesses: Witnesses): void {
  for (const [name, { served }] of witnesses) {
    if (served.failure === null) continue;
    throw new InfrastructureError({ what: `Function "${name}" cannot be served any more`, cause: served.failure });
  }
}
