/** A function that is served and watched: what it is told, what comes of its DMA, and what it may reach. */
import type { DeviceView } from "../../src/trace/observation.ts";
import { describeReach } from "../../src/zpci/reach.ts";
import { DmaRefused, type Dma } from "./dma.ts";
import { EventLog, type TakenEvents } from "./event-log.ts";
import type { Device, FunctionDefinition } from "./function-definition.ts";
import { serveFunction, type ServedFunction } from "./serve-function.ts";

const hex = (value: bigint): string => `0x${value.toString(16)}`;

/** A function between its first message and its end. */
export class ObservedFunction implements AsyncDisposable {
  readonly #served: ServedFunction;
  readonly #log: EventLog;
  readonly #told: { emptied: boolean; reset: boolean };
  /** Its DMA, noted. */
  readonly dma: Dma;

  private constructor(served: ServedFunction, log: EventLog, told: { emptied: boolean; reset: boolean }) {
    this.#served = served;
    this.#log = log;
    this.#told = told;
    this.dma = noteDma(served.dma, log);
  }

  /**
   * Serves a function on a Unix socket.
   * @throws {InfrastructureError} where the path cannot be listened on
   */
  static async serve(definition: FunctionDefinition, path: string): Promise<ObservedFunction> {
    const log = new EventLog();
    const told = { emptied: false, reset: false };
    return new ObservedFunction(await serveFunction(watch(definition, log, told), path), log, told);
  }

  /** What the client did that makes no sense, or what a handler threw; null where nothing. */
  get failure(): Error | null {
    return this.#served.failure;
  }

  /** How many events there were, ever. */
  get eventCount(): number {
    return this.#log.count;
  }

  /** The events since the last time. */
  takeEvents(): TakenEvents {
    return this.#log.take();
  }

  /** What it may reach now, and what it was told since the last time; null where no client is connected. */
  takeView(): DeviceView | null {
    const { emptied, reset } = this.#told;
    Object.assign(this.#told, { emptied: false, reset: false });
    return this.#served.connected ? { emptied, reset, reach: describeReach(this.#served.mappings) } : null;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#served[Symbol.asyncDispose]();
  }
}

/** The function, with everything it is told noted before it hears of it, and its DMA noted after. */
function watch(
  definition: FunctionDefinition,
  log: EventLog,
  told: { emptied: boolean; reset: boolean },
): FunctionDefinition {
  const { onReset, onMap, onUnmap } = definition;
  const noted = (device: Device): Device => ({ ...device, dma: noteDma(device.dma, log) });
  return {
    ...definition,
    onReset: (device) => {
      log.note({ event: "reset" });
      told.reset = true;
      return onReset?.(noted(device));
    },
    onMap: (mapping, device) => {
      const { iova, size, read, write } = mapping;
      log.note({ event: "map", iova: hex(iova), size: hex(size), access: `${read ? "r" : ""}${write ? "w" : ""}` });
      return onMap?.(mapping, noted(device));
    },
    onUnmap: (range, device) => {
      log.note({ event: "unmap", iova: hex(range.iova), size: hex(range.size) });
      // No RPCIT begins below the aperture: from 0 on it is the whole of it.
      if (range.iova === 0n) told.emptied = true;
      return onUnmap?.(range, noted(device));
    },
  };
}

function noteDma(dma: Dma, log: EventLog): Dma {
  const noteAnswer = async <T>(event: "dma-write" | "dma-read", iova: bigint, access: Promise<T>): Promise<T> => {
    try {
      const moved = await access;
      log.note({ event, iova: hex(iova), answer: "success" });
      return moved;
    } catch (error) {
      if (error instanceof DmaRefused) log.note({ event, iova: hex(iova), answer: error.errno });
      throw error;
    }
  };
  return {
    write: (iova, bytes) => noteAnswer("dma-write", iova, dma.write(iova, bytes)),
    read: (iova, length) => noteAnswer("dma-read", iova, dma.read(iova, length)),
  };
}
