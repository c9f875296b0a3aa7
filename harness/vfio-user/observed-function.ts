/** A function that is served and watched: what it is told, what comes of its DMA, and what it may reach. */
import type { DeviceView } from "../../src/trace/observation.ts";
import { describeReach, type ReachedRange } from "../../src/zpci/reach.ts";
import type { RawMessage } from "./connection.ts";
import { DmaRefused, type Dma } from "./dma.ts";
import { EventLog, type FunctionEvent, type TakenEvents } from "./event-log.ts";
import type { Device, FunctionDefinition } from "./function-definition.ts";
import { serveFunction, type RelayTo, type ServedFunction, type Tamper } from "./serve-function.ts";

const hex = (value: bigint): string => `0x${value.toString(16)}`;

/** What a function was told at one time, and what it could reach then. */
export interface ReachStep {
  readonly mappings: readonly ReachedRange[];
  readonly emptied: boolean;
  readonly reset: boolean;
}

/** So many steps are kept between two looks; of what is told beyond that the last look shows what it came to. */
const stepLimit = 4096;

/** What a function was told, and what it is to do then; nothing of its own. */
class Memory {
  readonly log = new EventLog();
  emptied = false;
  reset = false;
  /** Since the last look, once somebody follows it: each holds all that it may reach. */
  steps: ReachStep[] | null = null;
  /** What it may reach now; nothing before it is served. */
  mappings = (): readonly ReachedRange[] => [];

  /** Notes that it was told something. */
  step({ emptied = false, reset = false } = {}): void {
    this.emptied ||= emptied;
    this.reset ||= reset;
    if (this.steps !== null && this.steps.length < stepLimit)
      this.steps.push({ mappings: [...this.mappings()], emptied, reset });
  }

  /** The message that is its last. */
  lastMessage: "map" | "unmap" | null = null;
  /** DMA that was asked for and not answered. */
  readonly waiting = new Set<Promise<unknown>>();
  /** DMA that was asked for since the last time anybody wanted to know. */
  moved = false;
}

/** A function between its first message and its end. */
export class ObservedFunction implements AsyncDisposable {
  readonly #served: ServedFunction;
  readonly #memory: Memory;
  /** Its DMA, noted. */
  readonly dma: Dma;
  /** Its DMA where there is too much of it to be noted. */
  readonly unnotedDma: Dma;

  private constructor(served: ServedFunction, memory: Memory) {
    this.#served = served;
    this.#memory = memory;
    this.dma = noteDma(served.dma, memory);
    this.unnotedDma = served.dma;
  }

  /**
   * Serves a function on a Unix socket. `makeTamper` is given what ends the function, and gives what stands between it and
   * its client.
   * @throws {InfrastructureError} where the path cannot be listened on
   */
  static async serve(
    definition: FunctionDefinition,
    path: string,
    makeTamper: (die: () => void) => Tamper | undefined = () => undefined,
    relayTo: RelayTo | null = null,
  ): Promise<ObservedFunction> {
    const memory = new Memory();
    let served: ServedFunction | null = null;
    const die = (): void => void served?.vanish();
    memory.mappings = () => served?.mappings ?? [];
    served = await serveFunction(watch(definition, memory, die), path, makeTamper(die), relayTo);
    return new ObservedFunction(served, memory);
  }

  /** Whether a client is connected. */
  get connected(): boolean {
    return this.#served.connected;
  }

  /** What the client did that makes no sense, or what a handler threw; null where nothing. */
  get failure(): Error | null {
    return this.#served.failure;
  }

  /** Notes what is not told of by itself. */
  note(event: FunctionEvent): void {
    this.#memory.log.note(event);
  }

  /** The events since the last time. */
  takeEvents(): TakenEvents {
    return this.#memory.log.take();
  }

  /** What it may reach now, and what it was told since the last time; null where no client is connected. */
  takeView(): DeviceView | null {
    const { emptied, reset } = this.#memory;
    Object.assign(this.#memory, { emptied: false, reset: false });
    if (this.#memory.steps !== null) this.#memory.steps = [];
    const view = this.describeReach();
    return view === null ? null : { ...view, emptied, reset };
  }

  /** From now on notes what it is told step by step: of what it was told since the last look, what that came to. */
  follow(): void {
    const { emptied, reset } = this.#memory;
    if (this.#memory.steps !== null) return;
    this.#memory.steps = [];
    if (emptied || reset) this.#memory.step({ emptied, reset });
  }

  /** What it was told since the last look, step by step; nothing before it is followed. */
  get steps(): readonly ReachStep[] {
    return this.#memory.steps ?? [];
  }

  /** What it may reach now, as if it had been told nothing since the last time; null where no client is connected. */
  describeReach(): DeviceView | null {
    if (!this.#served.connected) return null;
    return { emptied: false, reset: false, reach: describeReach(this.#served.mappings) };
  }

  /** Resolves when no DMA waits for its answer; says whether there was any since the last time. */
  async settle(): Promise<boolean> {
    const { waiting } = this.#memory;
    while (waiting.size > 0) await Promise.allSettled(waiting);
    const { moved } = this.#memory;
    this.#memory.moved = false;
    return moved;
  }

  /** Raises an interrupt; "gone" where no client is connected. */
  async raise(vector: number): Promise<"raised" | "silent" | "gone"> {
    if (!this.connected) return "gone";
    const answer = await this.#served.raise(vector);
    this.note({ event: "interrupt", vector, answer });
    return answer;
  }

  /** Sends a message as it is; the errno of the reply, null for one without. */
  sendRaw(message: RawMessage): Promise<string | null> {
    return this.#served.sendRaw(message);
  }

  /** Vanishes, at once or at the next message of that kind, which is not answered any more. */
  async die(at: "now" | "map" | "unmap"): Promise<void> {
    if (at === "now") await this.#served.vanish();
    else this.#memory.lastMessage = at;
  }

  /** Is there again, for whoever connects. */
  async comeBack(): Promise<void> {
    await this.#served.appear();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#served[Symbol.asyncDispose]();
  }
}

/** The function, with everything it is told noted before it hears of it, and its DMA noted after. */
function watch(definition: FunctionDefinition, memory: Memory, die: () => void): FunctionDefinition {
  const { onReset, onMap, onUnmap } = definition;
  const { log } = memory;
  const noted = (device: Device): Device => ({ ...device, dma: noteDma(device.dma, memory) });
  const hear = (message: "map" | "unmap"): void => {
    if (memory.lastMessage !== message) return;
    memory.lastMessage = null;
    die();
  };
  return {
    ...definition,
    onReset: (device) => {
      log.note({ event: "reset" });
      memory.step({ reset: true });
      return onReset?.(noted(device));
    },
    onMap: (mapping, device) => {
      const { iova, size, read, write } = mapping;
      log.note({ event: "map", iova: hex(iova), size: hex(size), access: `${read ? "r" : ""}${write ? "w" : ""}` });
      memory.step();
      hear("map");
      return onMap?.(mapping, noted(device));
    },
    onUnmap: (range, device) => {
      log.note({ event: "unmap", iova: hex(range.iova), size: hex(range.size) });
      // No RPCIT begins below the aperture: from 0 on it is the whole of it.
      memory.step({ emptied: range.iova === 0n });
      hear("unmap");
      return onUnmap?.(range, noted(device));
    },
  };
}

function noteDma(dma: Dma, memory: Memory): Dma {
  const follow = async <T>(event: "dma-write" | "dma-read", iova: bigint, access: Promise<T>): Promise<T> => {
    memory.moved = true;
    memory.waiting.add(access);
    try {
      const moved = await access;
      memory.log.note({ event, iova: hex(iova), answer: "success" });
      return moved;
    } catch (error) {
      if (error instanceof DmaRefused) memory.log.note({ event, iova: hex(iova), answer: error.errno });
      throw error;
    } finally {
      memory.waiting.delete(access);
    }
  };
  return {
    write: (iova, bytes) => follow("dma-write", iova, dma.write(iova, bytes)),
    read: (iova, length) => follow("dma-read", iova, dma.read(iova, length)),
  };
}
