/**
 * The witness: a function that does DMA when the harness tells it, not when a driver in the guest does. It has a medium,
 * whose blocks are as those of an NVMe: block i holds the pattern named `block:FUNCTION:i`.
 */
import { pageBytes, patternPage } from "../agent/pattern.ts";
import { blockName } from "../qemu/medium.ts";
import { DmaRefused } from "./dma.ts";
import { defineFunction } from "./function-definition.ts";
import { ObservedFunction } from "./observed-function.ts";

/** How a DMA ended. */
export type WitnessCompletion = "success" | "refused";

/** `ZHIL`, as a little-endian number. */
const signature = 0x4c49_485an;

const definition = defineFunction({
  identity: { vendor: 0x1b36, device: 0x00fe, classCode: 0xff0000 },
  bars: { 0: { size: 4096, registers: { signature: { offset: 0, size: 4, read: () => signature } } } },
  msix: { vectors: 4, bar: 1 },
});

/** A witness at work. */
export class Witness implements AsyncDisposable {
  readonly #name: string;
  readonly function: ObservedFunction;
  /** Blocks that were written. */
  readonly #blocks = new Map<number, Uint8Array>();

  private constructor(name: string, observed: ObservedFunction) {
    this.#name = name;
    this.function = observed;
  }

  /**
   * A witness for the function of that name, served on a Unix socket.
   * @throws {InfrastructureError} where the path cannot be listened on
   */
  static async serve(name: string, path: string): Promise<Witness> {
    return new Witness(name, await ObservedFunction.serve(definition, path));
  }

  /** A block of its medium. */
  readBlock(block: number): Uint8Array {
    return this.#blocks.get(block) ?? patternPage(blockName(this.#name, block));
  }

  /** Writes a block to memory. */
  writeMemory(iova: bigint, block: number): Promise<WitnessCompletion> {
    return complete(this.function.dma.write(iova, this.readBlock(block)));
  }

  /** Reads a page of memory into a block, which stays as it was where that is refused. */
  readMemory(iova: bigint, block: number): Promise<WitnessCompletion> {
    return complete(
      this.function.dma.read(iova, pageBytes).then((page) => {
        this.#blocks.set(block, page);
      }),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.function[Symbol.asyncDispose]();
  }
}

const complete = (access: Promise<void>): Promise<WitnessCompletion> =>
  access.then(
    () => "success",
    (error: unknown) => {
      if (error instanceof DmaRefused) return "refused";
      throw error;
    },
  );
