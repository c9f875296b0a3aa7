/** Machines whose kernel counts which of its lines run: what each plan adds to the counts is handed on when it ends. */
import type { Plan } from "../../src/plan/plan.ts";
import type { KernelCoverage } from "../assets/assets.ts";
import type { AgentClient } from "../agent/agent-client.ts";
import { InfrastructureError } from "../errors/harness-error.ts";
import { countsOf } from "../kernel/covered-files.ts";
import type { HeldMachine, MachineSource } from "../target/machine-source.ts";

/** What a kernel counted, by file. */
export type Counts = ReadonlyMap<string, Uint8Array>;

/** Who is told what kernels counted. */
export interface CountsListener {
  /** What was counted before any plan, told once for each command line: all its machines come to their first plan the same way. */
  booted(counts: Counts): void;
  /** What was counted while a plan had its machine. */
  counted(scenario: string, counts: Counts): void;
  /** What a plan reached is not known. */
  missed(scenario: string, why: unknown): void;
}

/** Milliseconds for one file. */
const requestLimit = 10_000;

/**
 * Machines of another source. A clone comes with what its template has counted: that is read once, and set back to nothing
 * before the plan's functions are plugged in. A machine that nobody can ask any more, after a panic or a hang, says nothing.
 */
export class CoveredMachines implements MachineSource {
  readonly #machines: MachineSource;
  readonly #coverage: KernelCoverage;
  readonly #listener: CountsListener;
  /** Command lines of kernels whose boot was counted. */
  readonly #booted = new Set<string>();

  constructor(machines: MachineSource, coverage: KernelCoverage, listener: CountsListener) {
    this.#machines = machines;
    this.#coverage = coverage;
    this.#listener = listener;
  }

  async take(plan: Plan, consoleFile: string | undefined, signal: AbortSignal): Promise<HeldMachine> {
    const held = await this.#machines.take(plan, consoleFile, signal);
    try {
      await this.#begin(held, plan.profile.kernel.commandLine, signal);
    } catch (error) {
      await held.giveBack("its counts could not be reset").catch(() => undefined);
      throw error;
    }
    return {
      ...held,
      giveBack: async (doubt) => {
        try {
          this.#listener.counted(plan.scenario, await this.#read(held.agent, signal));
        } catch (error) {
          this.#listener.missed(plan.scenario, error);
        }
        await held.giveBack(doubt);
      },
    };
  }

  [Symbol.asyncDispose](): PromiseLike<void> {
    return this.#machines[Symbol.asyncDispose]();
  }

  async #begin({ agent }: HeldMachine, commandLine: string, signal: AbortSignal): Promise<void> {
    if (!this.#booted.has(commandLine)) {
      this.#booted.add(commandLine);
      this.#listener.booted(await this.#read(agent, signal));
    }
    await ask(agent, "gcov-reset", {}, signal);
  }

  async #read(agent: AgentClient, signal: AbortSignal): Promise<Counts> {
    const { files, objects } = this.#coverage;
    const counts = new Map<string, Uint8Array>();
    for (const file of files) {
      const values = await ask(agent, "gcov-read", { file: `${objects}/${countsOf(file)}` }, signal);
      counts.set(file, parseHex(values["counts"], file));
    }
    return counts;
  }
}

async function ask(
  agent: AgentClient,
  op: string,
  fields: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<Readonly<Record<string, unknown>>> {
  const { result, values } = await agent.request(op, fields, signal, requestLimit);
  if (result === "OK") return values;
  throw new InfrastructureError({
    what: `Cannot have the kernel's counts: "${op}" of ${JSON.stringify(fields)} gave ${result}`,
    remedy: "Use a kernel that counts, such as lean/gcov",
  });
}

function parseHex(value: unknown, file: string): Uint8Array {
  if (typeof value === "string" && /^(?:[0-9a-f]{2})+$/.test(value)) return Buffer.from(value, "hex");
  throw new InfrastructureError({ what: `Cannot have the counts of "${file}": the agent sent none` });
}
