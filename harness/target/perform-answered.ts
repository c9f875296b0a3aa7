/** Operations whose instructions are answered in the hypervisor's place. */
import type { Answer } from "../../src/operation/answers.ts";
import type { AgentAnswer } from "../agent/answers.ts";
import { giveAnswers } from "../gdb/give-answers.ts";
import type { FoundInstruction } from "../gdb/kernel-instructions.ts";
import { openGdbStub } from "../gdb/open-gdb-stub.ts";
import type { StartedQemu } from "../qemu/started-qemu.ts";
import { findSymbols, keyOfKernel, type Asking } from "./find-symbols.ts";

/** What an operation with answers needs. */
export interface AnsweredParts extends Asking {
  readonly machine: Pick<StartedQemu, "qmp" | "folder">;
  /** The function of a handle, enabled or not. */
  readonly functionOf: (handle: bigint) => string | null;
  /** Performs the operation itself. */
  readonly perform: () => Promise<AgentAnswer>;
}

type Found = Map<Answer["instruction"], readonly FoundInstruction[]>;

/** Where instructions of kernels are, by kernel. */
const foundInKernels = new Map<string, Found>();

/**
 * Performs an operation and answers its instructions; how often each answer was given is its value `answered`, in order.
 * @throws {HarnessError} where no answer was had, or the kernel's instructions are not where they should be
 */
export async function performAnswered(answers: readonly Answer[], parts: AnsweredParts): Promise<AgentAnswer> {
  const { machine, limit, signal, functionOf } = parts;
  const symbols = await findSymbols(parts);
  const known = foundIn(parts.kernel);
  await using stub = await openGdbStub(machine, signal);
  const { answer, given } = await giveAnswers(
    // The operation's own limit is what ends it.
    { client: stub.client, symbols, known, functionOf, limit: 2 * limit, signal },
    answers,
    parts.perform,
  );
  await stub.close(signal);
  const { values, ...rest } = await answer;
  return { ...rest, values: { ...values, answered: [...given] } };
}

/** Where instructions are in a kernel, as far as they were found. */
export function foundIn(kernel: Asking["kernel"]): Found {
  const key = keyOfKernel(kernel);
  const found: Found = (key === null ? undefined : foundInKernels.get(key)) ?? new Map<never, never>();
  if (key !== null) foundInKernels.set(key, found);
  return found;
}
