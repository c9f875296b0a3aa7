/** What keeps a scenario from being a reproducer: what only zhil does. */
import { needsHost } from "../../src/operation/host-fields.ts";
import type { Operation } from "../../src/operation/operation.ts";
import type { Plan } from "../../src/plan/plan.ts";
import { isServed } from "../../src/trace/device-kinds.ts";

/** Why a plan can be performed neither by QEMU and the agent, nor with a debugger that helps them; null where it can. */
export function findHindrance(plan: Plan): string | null {
  const { functions, steps, profile } = plan;
  if (profile.host !== undefined && needsDebugger(plan)) return "a guest on a host has no debugger";
  const served = functions.find(isServed);
  if (served !== undefined) return `function "${served.name}" (${served.device}) is served by zhil itself`;
  for (const [index, { operation }] of steps.entries()) {
    const what = describeHindrance(operation);
    if (what !== null) return `step ${index + 1} (${operation.op}) ${what}`;
  }
  return null;
}

function describeHindrance({ op, during = [] }: Operation): string | null {
  if (during.some(({ operation }) => operation.op !== "flush"))
    return "has a function that zhil serves do DMA inside it";
  if (needsHost(op)) return "is done on a guest's host";
  if (["plug", "unplug-request"].includes(op)) return "takes QEMU's monitor";
  return op === "drive" ? "takes a driver of the kernel's, which is kept out here" : null;
}

/** Whether an operation takes a debugger: something is done inside it, it is answered in QEMU's place, or QEMU's monitor is told. */
export const takesDebugger = ({ op, during, answers }: Operation): boolean =>
  op === "event" || op === "unplug" || during !== undefined || answers !== undefined;

/** Whether a plan does. */
export const needsDebugger = ({ steps }: Plan): boolean => steps.some(({ operation }) => takesDebugger(operation));
