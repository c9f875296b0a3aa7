/** Operations with something inside: the kernel is stopped at their points, and that is done while it stands still. */
import * as z from "zod";
import { interjectionResults, stopsOf, type InterjectionResult, type Stop } from "../../src/operation/during.ts";
import type { InsideOperation, Operation } from "../../src/operation/operation.ts";
import type { Profile } from "../../src/trace/profile.ts";
import type { AgentClient } from "../agent/agent-client.ts";
import type { AgentAnswer } from "../agent/answers.ts";
import { InfrastructureError } from "../errors/harness-error.ts";
import { refreshSymbol } from "../gdb/kernel-points.ts";
import { openGdbStub } from "../gdb/open-gdb-stub.ts";
import { stopAtPoints, type CallKernel } from "../gdb/stop-at-points.ts";
import type { StartedQemu } from "../qemu/started-qemu.ts";
import { withLimit } from "../wait/with-limit.ts";
import { findSymbols } from "./find-symbols.ts";
import type { ServedFunctions } from "./served-functions.ts";

const resultSchema = z.enum(interjectionResults);

/** Limit of one DMA of a witness, in milliseconds. */
const dmaLimit = 5_000;

/** What an operation with something inside needs. */
export interface DuringParts {
  readonly machine: Pick<StartedQemu, "qmp" | "folder">;
  readonly agent: AgentClient;
  readonly kernel: Pick<Profile["kernel"], "digest" | "commandLine">;
  /** What does the DMA. */
  readonly served: ServedFunctions;
  /** Handle of a function while it is enabled: inside an operation that may change, and one that is disabled is refused by it, too. */
  readonly handleOf: (name: string) => bigint | null;
  /** Limit of the operation, in milliseconds. */
  readonly limit: number;
  readonly signal: AbortSignal;
}

/**
 * Performs an operation and what is done inside it; what came of that is its value `during`, in order.
 * @throws {HarnessError} where no answer was had, or the kernel cannot be stopped where it should be
 */
export async function performDuring(operation: Operation, parts: DuringParts): Promise<AgentAnswer> {
  const { machine, agent, limit, signal } = parts;
  const { op, during: _, ...fields } = operation;
  const stops = stopsOf(operation);
  const symbols = await findSymbols(parts);
  await using stub = await openGdbStub(machine, signal);
  const { answer, done } = await stopAtPoints(
    // The operation's own limit is what ends it.
    { client: stub.client, symbols, handleOf: parts.handleOf, limit: 2 * limit, signal },
    stops,
    // What it raises is handled by a thread: where the operation sleeps, not where the scheduler sees fit.
    () => agent.request(op, { ...fields, ahead: true }, signal, limit),
    (stop, call) => doAll(stop, call, parts),
  );
  await stub.close(signal);
  const { values, ...rest } = await answer;
  return {
    ...rest,
    values: { ...values, during: done.flatMap((results, index) => results ?? missed(stops[index])) },
  };
}

const missed = (stop: Stop | undefined): InterjectionResult[] => stop?.operations.map(() => "not reached") ?? [];

async function doAll({ operations }: Stop, call: CallKernel, parts: DuringParts): Promise<InterjectionResult[]> {
  const results: InterjectionResult[] = [];
  for (const operation of operations) {
    results.push(operation.op === "flush" ? await flush(operation, call, parts) : await doDma(operation, parts));
  }
  return results;
}

/** As s390_iommu_iotlb_sync does it for one function. */
async function flush(
  { function: name, iova, length }: Extract<InsideOperation, { readonly op: "flush" }>,
  call: CallKernel,
  { handleOf }: DuringParts,
): Promise<InterjectionResult> {
  const handle = handleOf(name);
  if (handle === null) throw new InfrastructureError({ what: `Cannot flush "${name}": the function has no handle` });
  const returned = await call(refreshSymbol, handle << 32n, BigInt(iova), BigInt(length));
  // An int: what stands in the upper half of the register is nobody's.
  return BigInt.asIntN(32, returned) === 0n ? "success" : "refused";
}

async function doDma(
  operation: Exclude<InsideOperation, { readonly op: "flush" }>,
  { served, signal }: DuringParts,
): Promise<InterjectionResult> {
  const dma = served.perform(operation);
  if (dma === null) {
    throw new InfrastructureError({
      what: `Function "${operation.function}" is not served here and does no DMA by itself`,
    });
  }
  const wait = { what: `the answer to "${operation.op}" while the host stands still`, limit: dmaLimit, signal };
  const { completion } = await withLimit(wait, () => dma);
  return resultSchema.parse(completion);
}
