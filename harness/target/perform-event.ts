/** Events that the platform is made to tell of, with answers to what the kernel does about them. */
import type { Operation } from "../../src/operation/operation.ts";
import type { AgentAnswer } from "../agent/answers.ts";
import { giveAnswers } from "../gdb/give-answers.ts";
import { openGdbStub } from "../gdb/open-gdb-stub.ts";
import { tellEvent } from "../gdb/tell-event.ts";
import { findSymbols } from "./find-symbols.ts";
import { foundIn, type AnsweredParts } from "./perform-answered.ts";

/** What the agent is told of an event: the function that it takes away, if it does. */
export const takesAway = ({
  code,
  function: name,
}: Extract<Operation, { readonly op: "event" }>): Record<string, string> =>
  code === "0x0303" || code === "0x0304" ? { function: name } : {};

/** What telling of an event needs: `perform` looks, which waits until the kernel has handled it. */
export interface EventParts extends AnsweredParts {
  /** FID of the event's function. */
  readonly fid: number;
}

/**
 * Tells of an event; how often each answer was given is its value `answered`, in order.
 * @throws {HarnessError} where no answer was had, or the kernel lacks what it takes
 */
export async function performEvent(
  { code, stale, answers = [] }: Extract<Operation, { readonly op: "event" }>,
  parts: EventParts,
): Promise<AgentAnswer> {
  const { machine, limit, signal, functionOf, fid } = parts;
  const symbols = await findSymbols(parts);
  const known = foundIn(parts.kernel);
  await using stub = await openGdbStub(machine, signal);
  const stopping = { client: stub.client, symbols, handleOf: () => null, limit: 2 * limit, signal };
  const told = await tellEvent(stopping, { code: Number(code), fid, stale }, parts.perform);
  const answering = { client: stub.client, symbols, known, functionOf, limit: 2 * limit, signal };
  const { answer, given } = await giveAnswers(answering, answers, () => told.answer, told.begun);
  await stub.close(signal);
  const { values, ...rest } = await answer;
  return { ...rest, values: answers.length === 0 ? values : { ...values, answered: [...given] } };
}
