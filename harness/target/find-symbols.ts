/** Where functions of a kernel are, as it says itself. */
import type { Profile } from "../../src/trace/profile.ts";
import type { AgentClient } from "../agent/agent-client.ts";
import { InfrastructureError } from "../errors/harness-error.ts";
import { instructionSymbols } from "../gdb/kernel-instructions.ts";
import { allSymbols } from "../gdb/kernel-points.ts";
import type { Symbols } from "../gdb/stop-at-points.ts";
import { eventSymbols } from "../gdb/tell-event.ts";

/** Who is asked. */
export interface Asking {
  readonly agent: AgentClient;
  readonly kernel: Pick<Profile["kernel"], "digest" | "commandLine">;
  /** Limit of the request, in milliseconds. */
  readonly limit: number;
  readonly signal: AbortSignal;
}

const names = [...new Set([...allSymbols, ...instructionSymbols, ...eventSymbols])];

/** By what a kernel's addresses are known again; null where the next one may have others. */
export const keyOfKernel = ({ digest, commandLine }: Asking["kernel"]): string | null =>
  // Addresses are those of the image only where the kernel is not put anywhere else.
  commandLine.split(" ").includes("nokaslr") ? digest : null;

/** Where functions of kernels are, by kernel: reading its table of symbols takes a guest longer than all the rest. */
const symbolsOfKernels = new Map<string, Symbols>();

/**
 * Where the kernel's functions are.
 * @throws {InfrastructureError} where it does not say
 */
export async function findSymbols({ agent, kernel, limit, signal }: Asking): Promise<Symbols> {
  const key = keyOfKernel(kernel);
  const known = key === null ? undefined : symbolsOfKernels.get(key);
  if (known !== undefined) return known;
  const { result, values } = await agent.request("find-symbols", { symbols: names }, signal, limit);
  if (result !== "OK") {
    throw new InfrastructureError({
      what: `Cannot find the functions of the kernel: /proc/kallsyms gave ${result}`,
      remedy: "Use a kernel with CONFIG_KALLSYMS",
    });
  }
  const found = names.flatMap((name): [string, bigint][] => {
    const address = values[name];
    return typeof address === "string" && /^0x[0-9a-f]{1,16}$/.test(address) ? [[name, BigInt(address)]] : [];
  });
  const symbols = new Map(found);
  if (key !== null) symbolsOfKernels.set(key, symbols);
  return symbols;
}
