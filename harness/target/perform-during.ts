/** Operations with DMA inside: the kernel is stopped at their points, and functions do the DMA while it stands still. */
import * as z from "zod";
import { interjectionResults, stopsOf, type InterjectionResult, type Stop } from "../../src/operation/during.ts";
import type { Operation } from "../../src/operation/operation.ts";
import type { AgentClient } from "../agent/agent-client.ts";
import type { AgentAnswer } from "../agent/answers.ts";
import { InfrastructureError } from "../errors/harness-error.ts";
import { symbolsOf } from "../gdb/kernel-points.ts";
import { openGdbStub } from "../gdb/open-gdb-stub.ts";
import { stopAtPoints, type Symbols } from "../gdb/stop-at-points.ts";
import type { StartedQemu } from "../qemu/started-qemu.ts";
import { withLimit } from "../wait/with-limit.ts";
import type { ServedFunctions } from "./served-functions.ts";

const resultSchema = z.enum(interjectionResults);

/** Limit of one DMA of a witness, in milliseconds. */
const dmaLimit = 5_000;

/** What an operation with DMA inside needs. */
export interface DuringParts {
  readonly machine: Pick<StartedQemu, "qmp" | "folder">;
  readonly agent: AgentClient;
  /** What does the DMA. */
  readonly served: ServedFunctions;
  /** Handle of a function, as it was last seen. */
  readonly handleOf: (name: string) => bigint | null;
  /** Limit of the operation, in milliseconds. */
  readonly limit: number;
  readonly signal: AbortSignal;
}

/**
 * Performs an operation and the DMA inside it; what came of that is its value `during`, in order.
 * @throws {HarnessError} where no answer was had, or the kernel cannot be stopped where it should be
 */
export async function performDuring(operation: Operation, parts: DuringParts): Promise<AgentAnswer> {
  const { machine, agent, limit, signal } = parts;
  const { op, during: _, ...fields } = operation;
  const stops = stopsOf(operation);
  const symbols = await findSymbols(parts, stops);
  await using stub = await openGdbStub(machine, signal);
  const { answer, done } = await stopAtPoints(
    // The operation's own limit is what ends it.
    { client: stub.client, symbols, handleOf: parts.handleOf, limit: 2 * limit, signal },
    stops,
    () => agent.request(op, fields, signal, limit),
    (stop) => doDma(stop, parts),
  );
  await stub.close(signal);
  const { values, ...rest } = await answer;
  return {
    ...rest,
    values: { ...values, during: done.flatMap((results, index) => results ?? missed(stops[index])) },
  };
}

const missed = (stop: Stop | undefined): InterjectionResult[] => stop?.operations.map(() => "not reached") ?? [];

async function doDma({ operations }: Stop, { served, signal }: DuringParts): Promise<InterjectionResult[]> {
  const results: InterjectionResult[] = [];
  for (const operation of operations) {
    const dma = served.perform(operation);
    if (dma === null) {
      throw new InfrastructureError({
        what: `Function "${operation.function}" is not served here and does no DMA by itself`,
      });
    }
    const wait = { what: `the answer to "${operation.op}" while the host stands still`, limit: dmaLimit, signal };
    const { completion } = await withLimit(wait, () => dma);
    results.push(resultSchema.parse(completion));
  }
  return results;
}

/** Where the kernel's functions are, as it says itself. */
async function findSymbols({ agent, limit, signal }: DuringParts, stops: readonly Stop[]): Promise<Symbols> {
  const symbols = symbolsOf(stops.map(({ at }) => at));
  const { result, values } = await agent.request("find-symbols", { symbols }, signal, limit);
  if (result !== "OK") {
    throw new InfrastructureError({
      what: `Cannot find the functions of the kernel: /proc/kallsyms gave ${result}`,
      remedy: "Use a kernel with CONFIG_KALLSYMS",
    });
  }
  const found = symbols.flatMap((name): [string, bigint][] => {
    const address = values[name];
    return typeof address === "string" && /^0x[0-9a-f]{1,16}$/.test(address) ? [[name, BigInt(address)]] : [];
  });
  return new Map(found);
}
