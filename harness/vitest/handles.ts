/** What a test holds of its guest: the agent in it, and the functions plugged into it. */
import type { Observation } from "../../src/trace/observation.ts";
import type { Guest } from "./guest.ts";
import type { FunctionStepFields, FunctionStepName, Step } from "./step.ts";

/** The agent in the guest: performs operations. */
export interface AgentHandle {
  /**
   * Performs steps in order.
   * @returns what was observed after the last one
   * @throws {ScenarioError} where one is no step; {HarnessError} where no answer was had
   */
  perform(...steps: readonly [Step, ...(readonly Step[])]): Promise<Observation>;
}

/** A function of the machine. */
export interface DeviceHandle {
  /** Its name in operations and observations. */
  readonly name: string;
  /** What it is, such as `nvme`. */
  readonly device: string;
  /**
   * Performs an operation on it: `device.perform("attach", { to: "A" })`.
   * @returns what was observed
   */
  perform<Name extends FunctionStepName>(name: Name, fields: FunctionStepFields<Name>): Promise<Observation>;
  /** The same function, or another one of the machine, by name. */
  named(name: string): DeviceHandle;
}

/** The agent of a guest. */
export const agentOf = (guest: Guest): AgentHandle => ({
  perform: async (first, ...rest) => {
    let observation = await guest.perform(first);
    for (const step of rest) observation = await guest.perform(step);
    return observation;
  },
});

/**
 * A function of a guest.
 * @throws {RangeError} where the machine has none of that name
 */
export function deviceOf(guest: Guest, functions: Readonly<Record<string, string>>, name: string): DeviceHandle {
  const device = functions[name];
  if (device === undefined) {
    throw new RangeError(`No function "${name}": the machine has ${Object.keys(functions).join(", ") || "none"}`);
  }
  return {
    ...{ name, device },
    perform: (operation, fields) => guest.perform({ [operation]: { ...fields, function: name } } as unknown as Step),
    named: (other) => deviceOf(guest, functions, other),
  };
}
