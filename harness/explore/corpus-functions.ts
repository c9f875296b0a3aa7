/** In which functions of a kernel places are, by the symbols of the file that it was made of. */
import { runTool } from "../assets/run-tool.ts";
import { findCompiler } from "../kernel/compiler.ts";

/** A function, and how many places are in it. */
export interface FunctionPlaces {
  readonly name: string;
  readonly places: number;
}

/** Where something begins that goes on to where the next one does. */
export interface PlacedSymbol {
  readonly address: number;
  readonly name: string;
}

/**
 * A kernel runs at CONFIG_KERNEL_IMAGE_BASE, where it is not put anywhere else, and its symbols are as if that were 0
 * (arch/s390/boot/startup.c, setup_kernel_memory_layout). It is a multiple of this (arch/s390/Kconfig), and the kernel is smaller.
 */
const imageRoom = 2 ** 29;
/** Milliseconds. */
const limit = 60_000;

/** What `nm -n` says, as far as it is code. */
export function parseSymbols(output: string): readonly PlacedSymbol[] {
  const lines = output.matchAll(/^([0-9a-f]{16}) [tTwW] ([^\s]{1,200})$/gmu);
  return [...lines].map(([, address = "", name = ""]) => ({ address: Number.parseInt(address, 16), name }));
}

/**
 * The functions of a kernel, in their order.
 * @param vmlinux path of the ELF file that its image was made of
 * @throws {InfrastructureError} where binutils are not there, or it cannot be read
 */
export async function readSymbols(vmlinux: string, signal: AbortSignal): Promise<readonly PlacedSymbol[]> {
  const { prefix } = await findCompiler(signal);
  const purpose = `read the symbols of "${vmlinux}"`;
  const tool = { command: `${prefix}nm`, arguments: ["-n", vmlinux], purpose, signal, limit };
  return parseSymbols(await runTool(tool));
}

/** Functions that places are in, those with most of them first; what is before the first symbol is in none. */
export function countByFunction(
  places: Iterable<number>,
  symbols: readonly PlacedSymbol[],
): readonly FunctionPlaces[] {
  const counts = new Map<string, number>();
  for (const place of places) {
    const name = symbols.findLast(({ address }) => address <= place % imageRoom)?.name ?? "?";
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return [...counts]
    .map(([name, count]) => ({ name, places: count }))
    .sort((one, other) => other.places - one.places || (one.name < other.name ? -1 : 1));
}
