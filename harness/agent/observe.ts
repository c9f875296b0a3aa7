/** Turns what an agent answered into what was observed: symbols for numbers, names for contents, words for lines. */
import type { Operation } from "../../src/operation/operation.ts";
import type { Performed } from "../../src/target/target.ts";
import type { FunctionView, Observation, Value } from "../../src/trace/observation.ts";
import type { FunctionProfile } from "../../src/trace/profile.ts";
import { enabledBit } from "../../src/zpci/handle.ts";
import { findAlarms } from "./alarms.ts";
import { pageViewSchema, type AgentAnswer } from "./answers.ts";
import { nameContents, type ContentNames } from "./contents.ts";
import { ObjectNames } from "./object-names.ts";
import { digestOf } from "./pattern.ts";
import { nameMessages } from "./pci-messages.ts";
import { blockName } from "../qemu/medium.ts";

/** Reads a block of a function's medium as its host sees it; null where the function has no medium. */
export type ReadBlock = (functionName: string, block: number) => Promise<Uint8Array | null>;

/** What the kernel says where a default domain that it was told to make cannot be had (drivers/iommu/iommu.c). */
const fallBackWarning = "Falling back to IOMMU_DOMAIN_DMA";

/** Bytes of a block that may tell what it is. */
const headBytes = 64;

/** Observes one machine through a plan: what it has seen before tells names and changes. */
export class Observer {
  readonly #functions: readonly FunctionProfile[];
  readonly #readBlock: ReadBlock;
  readonly #contents: ContentNames;
  readonly #objects = new ObjectNames();
  /** Names of the contents of blocks that were looked at. */
  readonly #blocks = new Map<string, string>();
  #views: Readonly<Record<string, FunctionView>> = {};
  #handles: Readonly<Record<string, string | null>> = {};
  readonly #named = new Map<bigint, string>();

  constructor(plan: Parameters<typeof nameContents>[0], readBlock: ReadBlock) {
    this.#functions = plan.functions;
    this.#readBlock = readBlock;
    this.#contents = nameContents(plan);
  }

  /** Takes in how the functions look, before any operation. */
  look(functions: AgentAnswer["functions"]): void {
    this.#views = Object.fromEntries(Object.entries(functions).map(([name, raw]) => [name, viewFunction(raw)]));
    this.#handles = Object.fromEntries(Object.entries(functions).map(([name, { handle }]) => [name, handle]));
    for (const [name, handle] of Object.entries(this.#handles)) {
      if (handle !== null) this.#named.set(BigInt(handle) & ~enabledBit, name);
    }
  }

  /** The handle that a function has while it is enabled; null where it was not there when it was last seen. */
  handleOf(name: string): bigint | null {
    const handle = this.#handles[name] ?? null;
    return handle === null ? null : BigInt(handle) | enabledBit;
  }

  /** The function that has, or had when it was last there, a handle, enabled or not; null where none had. */
  functionOf(handle: bigint): string | null {
    return this.#named.get(handle & ~enabledBit) ?? null;
  }

  /** What an answer shows. */
  async observe(operation: Operation, answer: AgentAnswer): Promise<Performed> {
    if (operation.op === "fill") this.#contents.learn(operation.with);
    // An odd call is refused, and may have done something all the same.
    if (answer.result === "OK" || operation.op === "odd-call") {
      this.#objects.learn(operation, numbersOf(answer.values));
    }
    this.look(answer.functions);
    const log = answer.log.map(({ text }) => text);
    const observation: Observation = {
      result: answer.result,
      values: this.#nameValues(operation, answer),
      functions: this.#views,
      messages: nameMessages(answer.messages, this.#functions),
      memory: Object.fromEntries(
        Object.entries(answer.memory).map(([page, { digest, head }]) => [page, this.#contents.nameOf(digest, head)]),
      ),
      blocks: await this.#observeBlocks(operation, answer),
      alarms: findAlarms(log),
    };
    const { values, messages, memory, dropped, settled } = answer;
    const raw = { values, handles: this.#handles, messages, memory, dropped, settled } as unknown as Value;
    const { places } = answer;
    return {
      observation,
      evidence: { micros: answer.micros, log, raw },
      ...(places === undefined ? {} : { places }),
    };
  }

  /** What is left to be seen when an operation never ended: the functions as they were, and the last words. */
  observeEnd(
    result: "panic" | "hang" | "stopped",
    micros: number,
    log: readonly string[],
    alarms: readonly string[],
    raw: Value,
  ): Performed {
    return {
      observation: { result, values: {}, functions: this.#views, messages: [], memory: {}, blocks: {}, alarms },
      evidence: { micros, log, raw },
    };
  }

  #nameValues(operation: Operation, answer: AgentAnswer): Observation["values"] {
    const { pt, devices, device: _device, landed: _landed, ...values } = answer.values as Record<string, Value>;
    // The kernel's own number: bookkeeping, kept as evidence.
    delete values["id"];
    if (operation.op === "domain-type" && answer.result === "OK") {
      values["fellBack"] = answer.log.some(({ text }) => text.includes(fallBackWarning));
    }
    const holder = "function" in operation ? operation.function : "mock" in operation ? operation.mock : null;
    if (pt !== undefined && holder !== null) values["pt"] = this.#objects.heldBy(holder);
    if (operation.op === "fault-read" && Array.isArray(values["faults"])) {
      values["faults"] = values["faults"].map((each: Value) => this.#nameFault(operation.queue, each));
    }
    if (Array.isArray(devices) && "function" in operation) {
      values["devices"] = devices.map((each: Value) => this.#nameDevice(operation.function, each));
    }
    return values;
  }

  /** A page request: its device is told by the kernel's own number. */
  #nameFault(queue: string, fault: Value): Value {
    const { device } = numbersOf(fault);
    const name = device === undefined ? null : this.#objects.nameFor(queue, device);
    return { ...(fault as Readonly<Record<string, Value>>), device: name ?? `id ${String(device)}` };
  }

  /** A device of a hot-reset set: its segment is its uid; where ids are told, the id has to mean the same function. */
  #nameDevice(asked: string, device: Value): string {
    const { segment, id, bus, devfn } = numbersOf(device);
    const found = this.#functions.find((each) => each.uid === segment)?.name ?? `segment ${String(segment)}`;
    const place = bus === 0 && devfn === 0 ? found : `${found} bus ${String(bus)} devfn ${String(devfn)}`;
    if (id === undefined) return place;
    const bound = this.#objects.nameFor(asked, id);
    return bound === found ? place : `${place} as ${bound ?? `id ${id}`}`;
  }

  /** The blocks that an operation writes, and what is done inside it, if they changed. */
  async #observeBlocks(operation: Operation, answer: AgentAnswer): Promise<Record<string, string>> {
    const landed = pageViewSchema.safeParse(answer.values["landed"]);
    // Of what has no medium the agent says what came in.
    if (operation.op === "dma-read" && landed.success) {
      const { digest, head } = landed.data;
      return this.#noteBlock(operation.function, operation.block, this.#contents.nameOf(digest, head));
    }
    const inside = (operation.during ?? []).map((each) => each.operation);
    const changed: Record<string, string> = {};
    for (const each of [operation, ...inside]) {
      const pages = each.op === "dma-read" ? 1 : each.op === "block-write" ? each.pages : 0;
      for (let index = 0; index < pages && "block" in each; index++) {
        Object.assign(changed, await this.#observeBlock(each.function, each.block + index));
      }
    }
    return changed;
  }

  async #observeBlock(name: string, block: number): Promise<Record<string, string>> {
    const bytes = await this.#readBlock(name, block);
    if (bytes === null) return {};
    const head = Buffer.from(bytes.subarray(0, headBytes)).toString("hex");
    return this.#noteBlock(name, block, this.#contents.nameOf(digestOf(bytes), head));
  }

  /** A block by what it holds now, where that is another than before. */
  #noteBlock(name: string, block: number, content: string): Record<string, string> {
    const key = `${name}:${block}`;
    const before = this.#blocks.get(key) ?? blockName(name, block);
    this.#blocks.set(key, content);
    return content === before ? {} : { [key]: content };
  }
}

type Numbers = Readonly<Record<string, number | undefined>>;

/** The members of an object that are numbers. */
function numbersOf(value: unknown): Numbers {
  if (typeof value !== "object" || value === null) return {};
  return Object.fromEntries(
    Object.entries(value).filter((entry): entry is [string, number] => typeof entry[1] === "number"),
  );
}

function viewFunction(raw: AgentAnswer["functions"][string]): FunctionView {
  const { driver, handle, counters } = raw;
  const enabled = handle === null ? null : ((BigInt(handle) >> 31n) & 1n) === 1n;
  if (counters === null) return { driver, enabled, counters: null };
  const [mapped, unmapped, globalRpcits, syncMapRpcits, syncRpcits] = counters;
  return { driver, enabled, counters: { mapped, unmapped, globalRpcits, syncMapRpcits, syncRpcits } };
}
