/** Which operations of a run can be asked for before those ahead of them are answered. */
import type { Operation } from "../../src/operation/operation.ts";
import type { RunOperation } from "../../src/target/target.ts";
import { isOfGuest, isOnHost } from "./act-on-host.ts";
import type { ServedFunctions } from "./served-functions.ts";

/** Operations that take more than the agent, whoever the function is. */
const others: ReadonlySet<Operation["op"]> = new Set(["plug", "unplug", "event", "interrupt", "block-write"]);

/**
 * A run in groups of which each is asked for at once: operations of the agent's alone, what a function that is served here does
 * itself before them, or a single one.
 */
export function groupRun(
  run: readonly RunOperation[],
  served: Pick<ServedFunctions, "performs">,
): readonly (readonly RunOperation[])[] {
  const groups: RunOperation[][] = [];
  let open: RunOperation[] | null = null;
  let written = new Set<string>();
  for (const each of run) {
    const { operation } = each;
    const isAlone = takesOthers(operation);
    const leads = served.performs(operation);
    // What it writes to the medium is read there when it has been answered: no other must have written it again by then.
    const block = operation.op === "dma-read" ? `${operation.function}:${String(operation.block)}` : null;
    if (open === null || isAlone || leads || (block !== null && written.has(block))) {
      written = new Set();
      groups.push([each]);
      open = isAlone ? null : (groups.at(-1) ?? null);
    } else {
      open.push(each);
    }
    if (block !== null) written.add(block);
  }
  return groups;
}

const takesOthers = (operation: Operation): boolean =>
  operation.during !== undefined ||
  operation.answers !== undefined ||
  others.has(operation.op) ||
  isOnHost(operation) ||
  isOfGuest(operation);
