/** The witnesses of a plan: operations that a function performs itself, without its guest, and what it was told meanwhile. */
import type { Operation } from "../../src/operation/operation.ts";
import type { Value } from "../../src/trace/observation.ts";
import { InfrastructureError } from "../errors/harness-error.ts";
import type { Witness, WitnessCompletion } from "../vfio-user/witness.ts";

/** The functions of a machine that this process serves, by name. */
export type Witnesses = ReadonlyMap<string, Witness>;

/** Has a witness perform an operation; null where the operation is for the guest to perform. */
export function performOnWitness(witnesses: Witnesses, operation: Operation): Promise<WitnessCompletion> | null {
  if (operation.op !== "dma-write" && operation.op !== "dma-read") return null;
  const witness = witnesses.get(operation.function);
  if (witness === undefined) return null;
  const iova = BigInt(operation.iova);
  return operation.op === "dma-write"
    ? witness.writeMemory(iova, operation.block)
    : witness.readMemory(iova, operation.block);
}

/** What the witnesses were told since the last time, in order; null where there are none. */
export function takeEvents(witnesses: Witnesses): Value {
  if (witnesses.size === 0) return null;
  return Object.fromEntries([...witnesses].map(([name, witness]) => [name, witness.takeEvents()]));
}

/**
 * Checks that every witness can be believed.
 * @throws {InfrastructureError} where one could not understand QEMU: from then on it can say nothing
 */
export function checkWitnesses(witnesses: Witnesses): void {
  for (const [name, { failure }] of witnesses) {
    if (failure === null) continue;
    throw new InfrastructureError({ what: `Function "${name}" cannot be served any more`, cause: failure });
  }
}
