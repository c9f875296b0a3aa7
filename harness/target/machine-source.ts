/** How a plan comes to its machine, and what becomes of the machine after. */
import type { Plan } from "../../src/plan/plan.ts";
import type { GuestEndName, Rebooter } from "../../src/operation/host-fields.ts";
import type { HostView } from "../../src/trace/host-view.ts";
import type { FunctionProfile } from "../../src/trace/profile.ts";
import type { Phases } from "../../src/target/target.ts";
import type { AgentClient } from "../agent/agent-client.ts";
import type { HostOperation } from "../passthrough/perform-on-host.ts";
import type { AgentAnswer, AgentHello } from "../agent/answers.ts";
import type { WatchClient } from "../agent/watch-client.ts";
import type { PluggedFunction, Serving } from "../qemu/plug-function.ts";
import type { StartedQemu } from "../qemu/started-qemu.ts";

/** A machine whose agent answers, nothing plugged in. */
export interface BootedMachine {
  readonly machine: StartedQemu;
  readonly agent: AgentClient;
  readonly watch: WatchClient;
  readonly hello: AgentHello;
  /** What it took to come to it. */
  readonly phases: Phases;
}

/** A machine that one plan has to itself, nothing plugged in when it comes. */
export interface HeldMachine extends BootedMachine {
  /** Names of the scenarios that its kernel ran before, oldest first; none on a pristine kernel. */
  readonly before: readonly string[];
  /** Plugs a function in where that takes more than the machine's own monitor. */
  readonly plug?: (profile: FunctionProfile, serving: Serving, signal: AbortSignal) => Promise<PluggedFunction>;
  /** Aborted where a guest was stopped from outside, with an error that says so as its reason; of guests only. */
  readonly stopped?: AbortSignal;
  /** Performs what happens on the host that the machine is a guest of, where one takes part. */
  readonly performOnHost?: (operation: HostOperation, signal: AbortSignal) => Promise<AgentAnswer>;
  /** Ends the guest one way or the other, and comes back when its host has noticed; of guests only. */
  readonly endGuest?: (how: GuestEndName, signal: AbortSignal) => Promise<void>;
  /**
   * Resets the guest, or has it reboot by itself, and waits until it has booted anew: agent, watch and hello are the new ones then;
   * of guests only.
   */
  readonly rebootGuest?: (by: Rebooter, signal: AbortSignal) => Promise<void>;
  /** Looks at the host that the machine is a guest of, where one takes part. */
  readonly lookAtHost?: (signal: AbortSignal) => Promise<HostView>;
  /**
   * Ends the plan's time with the machine; called once. `doubt` says why its kernel can serve nobody else, null where
   * nothing speaks against it. The plan's functions may still be plugged in.
   * @throws {InfrastructureError} where something of a machine that is ended cannot be undone
   */
  giveBack(doubt: string | null): Promise<void>;
}

/** Where machines come from. Disposing it ends those that nobody holds. */
export interface MachineSource extends AsyncDisposable {
  /**
   * A machine for a plan; what its guest writes to the console meanwhile goes to `consoleFile` where that is given.
   * @throws {HarnessError} where QEMU cannot start or the kernel does not boot
   */
  take(plan: Plan, consoleFile: string | undefined, signal: AbortSignal): Promise<HeldMachine>;
}
