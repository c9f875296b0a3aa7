/** Which operations of a run can be asked for before those ahead of them are answered. */
import type { Operation } from "../../src/operation/operation.ts";
import { isOfGuest, isOnHost } from "./act-on-host.ts";
import type { ServedFunctions } from "./served-functions.ts";

/** Operations that take more than the agent, whoever the function is. */
const others: ReadonlySet<Operation["op"]> = new Set(["plug", "unplug", "event", "interrupt", "block-write"]);

/** A run in groups of which each is asked for at once: operations of the agent's alone, or a single one. */
export function groupRun(
  operations: readonly Operation[],
  served: Pick<ServedFunctions, "performs">,
): readonly (readonly Operation[])[] {
  const groups: Operation[][] = [];
  let open: Operation[] | null = null;
  let written = new Set<string>();
  for (const operation of operations) {
    const isAlone = takesOthers(operation) || served.performs(operation);
    // What it writes to the medium is read there when it has been answered: no other must have written it again by then.
    const block = operation.op === "dma-read" ? `${operation.function}:${String(operation.block)}` : null;
    if (open === null || isAlone || (block !== null && written.has(block))) {
      written = new Set();
      groups.push([operation]);
      open = isAlone ? null : (groups.at(-1) ?? null);
    } else {
      open.push(operation);
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
