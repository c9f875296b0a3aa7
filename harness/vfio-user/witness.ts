/**
 * The witness, and what else is made of it: a function that does DMA when the harness tells it, not when a driver in the
 * guest does. It has a medium, whose blocks are as those of an NVMe: block i holds the pattern named `block:FUNCTION:i`.
 */
import type { Operation } from "../../src/operation/operation.ts";
import type { DeviceKind } from "../../src/trace/device-kinds.ts";
import { pageBytes, patternPage } from "../agent/pattern.ts";
import { ClosedError } from "../errors/harness-error.ts";
import { blockName } from "../qemu/medium.ts";
import { tamperOf } from "./broken.ts";
import { DmaRefused } from "./dma.ts";
import { defineFunction } from "./function-definition.ts";
import { rudeMessages, type Misbehaviour } from "./misbehave.ts";
import { ObservedFunction } from "./observed-function.ts";
import type { RelayTo } from "./serve-function.ts";
import { Storm } from "./storm.ts";

/** What an operation that a function performs itself returns. */
export type OwnValues = Readonly<Record<string, string | boolean>>;

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
  readonly #kind: DeviceKind;
  readonly function: ObservedFunction;
  /** Blocks that were written. */
  readonly #blocks = new Map<number, Uint8Array>();
  #storm: Storm | null = null;
  /** What it was told to do and keeps. */
  #held: (() => Promise<OwnValues>) | null = null;

  private constructor(name: string, kind: DeviceKind, observed: ObservedFunction) {
    this.#name = name;
    this.#kind = kind;
    this.function = observed;
  }

  /**
   * A witness of that kind for the function of that name, served on a Unix socket.
   * @throws {InfrastructureError} where the path cannot be listened on
   */
  static async serve(
    name: string,
    path: string,
    kind: DeviceKind = "witness",
    relayTo: RelayTo | null = null,
  ): Promise<Witness> {
    let witness: Witness | null = null;
    const onReset = (): void => {
      witness?.forget();
    };
    const observed = await ObservedFunction.serve(
      { ...definition, onReset },
      path,
      (die) => tamperOf(kind, die),
      relayTo,
    );
    witness = new Witness(name, kind, observed);
    return witness;
  }

  /** A block of its medium. */
  readBlock(block: number): Uint8Array {
    return this.#blocks.get(block) ?? patternPage(blockName(this.#name, block));
  }

  /** Performs an operation that is the function's to perform; null where it is the guest's. */
  perform(operation: Operation): Promise<OwnValues> | null {
    switch (operation.op) {
      case "dma-write":
      case "dma-read":
        return this.#take(operation);
      case "dma-release":
        return this.#release();
      case "storm-begin": {
        const { iova, pages, block, rate } = operation;
        const order = { iova: BigInt(iova), pages, bytes: this.readBlock(block), rate };
        this.#storm = new Storm(this.function.unnotedDma, order);
        return Promise.resolve({});
      }
      case "storm-end":
        return this.#endStorm();
      case "misbehave":
        return this.#misbehave(operation.how);
      default:
        return null;
    }
  }

  /** Resolves when what it does unasked has had effect; says whether there was anything. */
  async settle(): Promise<boolean> {
    await this.#storm?.round();
    return (await this.function.settle()) || this.#storm !== null;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    void this.#storm?.stop();
    await this.function[Symbol.asyncDispose]();
  }

  /** A reset: what it was told to do is forgotten. */
  forget(): void {
    this.#held = null;
    void this.#storm?.stop();
    this.#storm = null;
  }

  async #take(dma: Extract<Operation, { op: "dma-write" | "dma-read" }>): Promise<OwnValues> {
    if (this.#kind !== "late") return this.#move(dma);
    if (!this.function.connected) return { completion: "gone" };
    this.#held = () => this.#move(dma);
    return Promise.resolve({ completion: "held" });
  }

  async #release(): Promise<OwnValues> {
    const held = this.#held;
    this.#held = null;
    return held === null ? { completion: "none" } : held();
  }

  async #move({ op, iova, block }: Extract<Operation, { op: "dma-write" | "dma-read" }>): Promise<OwnValues> {
    if (!this.function.connected) return { completion: "gone" };
    const { dma } = this.function;
    const at = BigInt(iova);
    try {
      if (op === "dma-write") await dma.write(at, this.readBlock(block));
      else this.#blocks.set(block, await dma.read(at, pageBytes));
      return { completion: "success" };
    } catch (error) {
      if (error instanceof DmaRefused) return { completion: "refused" };
      if (error instanceof ClosedError) return { completion: "gone" };
      throw error;
    }
  }

  async #endStorm(): Promise<OwnValues> {
    if (this.#storm === null) return { refused: false };
    const { done, refused } = await this.#storm.stop();
    this.#storm = null;
    this.function.note({ event: "storm", done, refused });
    return { refused: refused > 0 };
  }

  async #misbehave(how: Misbehaviour): Promise<OwnValues> {
    const message = rudeMessages[how];
    const errno = await this.function.sendRaw(message);
    const answer = message.kind === "reply" ? "none" : errno === null ? "success" : "refused";
    this.function.note({ event: "sent", how, answer: errno ?? answer });
    return { answer };
  }
}
