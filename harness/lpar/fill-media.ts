/** Blocks of media that a plan's functions read, made what they say they are: by the kernel's own driver, before the scenario has the function. */
import type { Plan } from "../../src/plan/plan.ts";
import { InfrastructureError } from "../errors/harness-error.ts";
import { blockName } from "../qemu/medium.ts";
import { HostAgent, type AgentPlace } from "./host-agent.ts";

/** Milliseconds for a request: a controller is probed in one of them. */
const requestLimit = 60_000;

/** A function on the host. */
interface PlacedFunction {
  readonly name: string;
  readonly fid: number;
  readonly address: string;
}

/** Blocks of each function's medium that the plan has it read. */
export const blocksOf = ({ steps }: Pick<Plan, "steps">, name: string): readonly number[] => [
  ...new Set(
    steps.flatMap(({ operation }) =>
      operation.op === "dma-write" && operation.function === name ? [operation.block] : [],
    ),
  ),
];

/**
 * Writes what is to be read; returns whether anything was, and functions have the kernel's driver then.
 * @throws {InfrastructureError} where the kernel has no such driver, or cannot write
 */
export async function fillMedia(
  plan: Plan,
  functions: readonly PlacedFunction[],
  token: number,
  place: AgentPlace,
): Promise<boolean> {
  const filled = functions.flatMap((each) => {
    const blocks = blocksOf(plan, each.name);
    return blocks.length === 0 ? [] : [{ ...each, blocks }];
  });
  if (filled.length === 0) return false;
  await using agent = await HostAgent.start(token, true, place);
  const ask = async (op: string, fields: Readonly<Record<string, unknown>>): Promise<void> => {
    const { result } = await agent.request(op, fields, place.signal, requestLimit);
    if (result === "OK") return;
    throw new InfrastructureError({
      what: `Cannot fill the medium of a function: "${op}" of ${JSON.stringify(fields)} gave ${result}`,
    });
  };
  for (const { name, address, fid, blocks } of filled) {
    const buffer = `${name}.medium`;
    await ask("define-function", { function: name, address, fid });
    await ask("define-buffer", { buffer, pages: blocks.length });
    await ask("drive", { function: name });
    for (const [page, block] of blocks.entries()) {
      await ask("fill", { buffer, page, with: blockName(name, block) });
      await ask("block-write", { function: name, block, buffer, page, pages: 1, apart: false });
    }
    await ask("unbind", { function: name });
  }
  return true;
}
