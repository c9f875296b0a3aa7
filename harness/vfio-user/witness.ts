/**
 * The witness: a function that does DMA when the harness tells it, not when a driver in the guest does, and that remembers
 * what it was told of the translation, in order.
 */
import { pageBytes, patternPage } from "../agent/pattern.ts";
import { blockName } from "../qemu/medium.ts";
import { DmaRefused, type Dma } from "./dma.ts";
import { defineFunction, type FunctionDefinition } from "./function-definition.ts";
import { serveFunction, type ServedFunction } from "./serve-function.ts";

/** What happened to a witness; IOVAs and sizes in hexadecimal. */
type WitnessEvent =
  | { readonly event: "map"; readonly iova: string; readonly size: string; readonly access: string }
  | { readonly event: "unmap"; readonly iova: string; readonly size: string }
  | { readonly event: "reset" }
  | { readonly event: "dma-write" | "dma-read"; readonly iova: string; readonly answer: string };

/** An event with its place among all of its witness. */
export type NumberedEvent = WitnessEvent & { readonly sequence: number };

/** How a DMA ended. */
export type WitnessCompletion = "success" | "refused";

/** Events that are kept until somebody takes them; a suite's operations cause a few hundred at most. */
const eventLimit = 4096;

const identity = { vendor: 0x1b36, device: 0x00fe, classCode: 0xff0000 } as const;
/** `ZHIL`, as a little-endian number. */
const signature = 0x4c49_485an;
const hex = (value: bigint): string => `0x${value.toString(16)}`;

/** A witness and its medium, whose blocks are as those of an NVMe: block i holds the pattern named `block:FUNCTION:i`. */
export class Witness implements AsyncDisposable {
  readonly #name: string;
  #served: ServedFunction | null = null;
  /** Blocks that were written. */
  readonly #blocks = new Map<number, Uint8Array>();
  readonly #events: NumberedEvent[] = [];
  #sequence = 0;
  #dropped = 0;

  private constructor(name: string) {
    this.#name = name;
  }

  /**
   * A witness for the function of that name, served on a Unix socket.
   * @throws {InfrastructureError} where the path cannot be listened on
   */
  static async serve(name: string, path: string): Promise<Witness> {
    const witness = new Witness(name);
    witness.#served = await serveFunction(witness.#define(), path);
    return witness;
  }

  /** What the client did that makes no sense; null where nothing. */
  get failure(): Error | null {
    return this.#served?.failure ?? null;
  }

  /** A block of its medium. */
  readBlock(block: number): Uint8Array {
    return this.#blocks.get(block) ?? patternPage(blockName(this.#name, block));
  }

  /** Writes a block to memory. */
  writeMemory(iova: bigint, block: number): Promise<WitnessCompletion> {
    return this.#access("dma-write", iova, (dma) => dma.write(iova, this.readBlock(block)));
  }

  /** Reads a page of memory into a block, which stays as it was where that is refused. */
  readMemory(iova: bigint, block: number): Promise<WitnessCompletion> {
    return this.#access("dma-read", iova, async (dma) => {
      this.#blocks.set(block, await dma.read(iova, pageBytes));
    });
  }

  /** The events since the last time, and how many were dropped before them. */
  takeEvents(): { readonly events: readonly NumberedEvent[]; readonly dropped: number } {
    const taken = { events: this.#events.splice(0), dropped: this.#dropped };
    this.#dropped = 0;
    return taken;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#served?.[Symbol.asyncDispose]();
  }

  #define(): FunctionDefinition {
    return defineFunction({
      identity,
      bars: {
        0: {
          size: 4096,
          registers: {
            signature: { offset: 0, size: 4, read: () => signature },
            events: { offset: 4, size: 4, read: () => BigInt(this.#sequence) },
          },
        },
      },
      msix: { vectors: 4, bar: 1 },
      onReset: () => {
        this.#note({ event: "reset" });
      },
      onMap: ({ iova, size, read, write }) => {
        this.#note({
          event: "map",
          iova: hex(iova),
          size: hex(size),
          access: `${read ? "r" : ""}${write ? "w" : ""}`,
        });
      },
      onUnmap: ({ iova, size }) => {
        this.#note({ event: "unmap", iova: hex(iova), size: hex(size) });
      },
    });
  }

  async #access(
    event: "dma-write" | "dma-read",
    iova: bigint,
    run: (dma: Dma) => Promise<void>,
  ): Promise<WitnessCompletion> {
    if (this.#served === null) throw new Error("The witness is not served");
    const answer = await run(this.#served.dma).then(
      () => "success",
      (error: unknown) => {
        if (error instanceof DmaRefused) return error.errno;
        throw error;
      },
    );
    this.#note({ event, iova: hex(iova), answer });
    return answer === "success" ? "success" : "refused";
  }

  #note(event: WitnessEvent): void {
    this.#sequence += 1;
    if (this.#events.length === eventLimit) {
      this.#events.shift();
      this.#dropped += 1;
    }
    this.#events.push({ sequence: this.#sequence, ...event });
  }
}
