/** A function at work: its state, and its answer to every message of a client. */
import { ConfigSpace } from "./config-space.ts";
import type { Answer, AnswerRequest } from "./connection.ts";
import type { Device, FunctionDefinition, Mapping } from "./function-definition.ts";
import { transferLimit } from "./framing.ts";
import { decode, encode, sizeOf, type Fields } from "./layout.ts";
import { Mappings } from "./mappings.ts";
import { messages, singleWrite, type ClientMessage } from "./messages.ts";
import { ProtocolError, RefusedRequest } from "./protocol-error.ts";
import { Regions } from "./regions.ts";

/** linux/vfio.h: VFIO_PCI_NUM_REGIONS, VFIO_PCI_NUM_IRQS, VFIO_PCI_MSIX_IRQ_INDEX, and flags. */
const regionCount = 9;
const irqCount = 5;
const msixIrq = 2;
const deviceFlags = { reset: 1, pci: 2 } as const;
const regionFlags = { read: 1, write: 2 } as const;
const irqFlags = { eventfd: 1 } as const;
const mapFlags = { read: 1, write: 2 } as const;
const unmapFlags = { all: 2 } as const;
const everything = 2n ** 64n;

const nothing = Buffer.alloc(0);
/** Bytes of data in a write of VFIO_USER_REGION_WRITE_MULTI, of which `count` are meant. */
const singleWriteData = 8;

type Answers = { readonly [N in Exclude<ClientMessage, "VFIO_USER_VERSION">]: (payload: Buffer) => Answer };

/** Serves one function; its state outlives its clients. */
export class FunctionServer {
  readonly #definition: FunctionDefinition;
  readonly #device: Device;
  readonly #config: ConfigSpace;
  readonly #regions: Regions;
  readonly #mappings = new Mappings();
  readonly #answers: Answers;

  constructor(definition: FunctionDefinition, device: Device) {
    this.#definition = definition;
    this.#device = device;
    this.#config = new ConfigSpace(definition);
    this.#regions = new Regions(definition, this.#config, device);
    this.#answers = {
      VFIO_USER_DMA_MAP: (payload) => this.#map(payload),
      VFIO_USER_DMA_UNMAP: (payload) => this.#unmap(payload),
      VFIO_USER_DEVICE_GET_INFO: () => this.#deviceInfo(),
      VFIO_USER_DEVICE_GET_REGION_INFO: (payload) => this.#regionInfo(payload),
      VFIO_USER_DEVICE_GET_IRQ_INFO: (payload) => this.#irqInfo(payload),
      VFIO_USER_DEVICE_SET_IRQS: (payload) => this.#setIrqs(payload),
      VFIO_USER_REGION_READ: (payload) => this.#read(payload),
      VFIO_USER_REGION_WRITE: (payload) => this.#write(payload),
      VFIO_USER_REGION_WRITE_MULTI: (payload) => this.#writeMany(payload),
      VFIO_USER_DEVICE_RESET: () => this.#reset(),
    };
  }

  /** The ranges that the client told of, in the order of their IOVAs. */
  get mappings(): readonly Mapping[] {
    return this.#mappings.all;
  }

  readonly answer: AnswerRequest = (name, payload) => this.#answers[name](payload);

  /** A client is gone: "all client memory regions are unmapped", "the device state should otherwise be retained". */
  forgetClient(): void {
    this.#mappings.clear();
  }

  #map(payload: Buffer): Answer {
    const { flags, address, size } = decode("VFIO_USER_DMA_MAP", messages.VFIO_USER_DMA_MAP.request, payload);
    const mapping = {
      ...{ iova: address, size },
      ...{ read: (flags & mapFlags.read) !== 0, write: (flags & mapFlags.write) !== 0 },
    };
    checkRange("VFIO_USER_DMA_MAP", mapping);
    this.#mappings.add(mapping);
    return after(this.#definition.onMap?.(mapping, this.#device), nothing);
  }

  #unmap(payload: Buffer): Answer {
    const { flags, address, size } = decode("VFIO_USER_DMA_UNMAP", messages.VFIO_USER_DMA_UNMAP.request, payload);
    const all = (flags & unmapFlags.all) !== 0;
    const range = all ? { iova: 0n, size: everything } : { iova: address, size };
    checkRange("VFIO_USER_DMA_UNMAP", range);
    this.#mappings.remove(range);
    // "The server responds with the original DMA entry in the request."
    return after(this.#definition.onUnmap?.(range, this.#device), payload);
  }

  #deviceInfo(): Answer {
    const { reply } = messages.VFIO_USER_DEVICE_GET_INFO;
    const flags = deviceFlags.reset | deviceFlags.pci;
    return encode(reply, { argsz: sizeOf(reply), flags, regions: regionCount, irqs: irqCount });
  }

  #regionInfo(payload: Buffer): Answer {
    const { request, reply } = messages.VFIO_USER_DEVICE_GET_REGION_INFO;
    const { index } = decode("VFIO_USER_DEVICE_GET_REGION_INFO", request, payload);
    if (index >= regionCount) throw new RefusedRequest("EINVAL", `there is no region ${index}`);
    const size = this.#regions.sizeOf(index);
    const flags = size === 0 ? 0 : regionFlags.read | regionFlags.write;
    return encode(reply, { argsz: sizeOf(reply), flags, index, capOffset: 0, size: BigInt(size), offset: 0n });
  }

  #irqInfo(payload: Buffer): Answer {
    const { request, reply } = messages.VFIO_USER_DEVICE_GET_IRQ_INFO;
    const { index } = decode("VFIO_USER_DEVICE_GET_IRQ_INFO", request, payload);
    if (index >= irqCount) throw new RefusedRequest("EINVAL", `there is no interrupt ${index}`);
    const count = index === msixIrq ? this.#definition.msix.vectors : 0;
    return encode(reply, { argsz: sizeOf(reply), flags: count === 0 ? 0 : irqFlags.eventfd, index, count });
  }

  /** Checked, and no more: eventfds come beside the message, to who can take them up. */
  #setIrqs(payload: Buffer): Answer {
    const { request } = messages.VFIO_USER_DEVICE_SET_IRQS;
    const { index, start, count } = decode("VFIO_USER_DEVICE_SET_IRQS", request, payload);
    const vectors = index === msixIrq ? this.#definition.msix.vectors : 0;
    if (start + count > vectors) {
      throw new RefusedRequest("EINVAL", `vectors ${start} to ${start + count} of interrupt ${index}`);
    }
    return nothing;
  }

  #read(payload: Buffer): Answer {
    const { request, reply } = messages.VFIO_USER_REGION_READ;
    const access = decode("VFIO_USER_REGION_READ", request, payload);
    checkCount("VFIO_USER_REGION_READ", access);
    return encode(reply, access, this.#regions.read(access.region, access.offset, access.count));
  }

  #write(payload: Buffer): Answer {
    const { request, reply } = messages.VFIO_USER_REGION_WRITE;
    const access = decode("VFIO_USER_REGION_WRITE", request, payload);
    const data = payload.subarray(sizeOf(request));
    if (data.length !== access.count) {
      throw new ProtocolError(`VFIO_USER_REGION_WRITE of ${access.count} bytes with ${data.length} bytes of data`);
    }
    this.#regions.write(access.region, access.offset, data);
    return encode(reply, access);
  }

  #writeMany(payload: Buffer): Answer {
    const what = "VFIO_USER_REGION_WRITE_MULTI";
    const { request, reply } = messages[what];
    const { writes } = decode(what, request, payload);
    const each = sizeOf(singleWrite) + singleWriteData;
    if (BigInt(payload.length - sizeOf(request)) !== writes * BigInt(each)) {
      throw new ProtocolError(`${what} of ${writes} writes with ${payload.length} bytes`);
    }
    for (let at = sizeOf(request); at < payload.length; at += each) {
      const { region, offset, count } = decode(what, singleWrite, payload, at);
      if (count > singleWriteData) throw new ProtocolError(`${what} with a write of ${count} bytes`);
      const data = at + sizeOf(singleWrite);
      this.#regions.write(region, offset, payload.subarray(data, data + count));
    }
    return encode(reply, { writes });
  }

  #reset(): Answer {
    this.#config.reset();
    return after(this.#definition.onReset?.(this.#device), nothing);
  }
}

/** The answer, once the handler is done. */
const after = (handled: void | Promise<void>, answer: Uint8Array): Answer =>
  handled instanceof Promise ? handled.then(() => answer) : answer;

function checkRange(what: string, { iova, size }: Pick<Mapping, "iova" | "size">): void {
  if (size === 0n || iova + size > everything) {
    throw new ProtocolError(`${what} of 0x${size.toString(16)} bytes at 0x${iova.toString(16)}`);
  }
}

function checkCount(what: string, { count }: Pick<Fields<typeof singleWrite>, "count">): void {
  if (count > transferLimit) throw new ProtocolError(`${what} of ${count} bytes, more than ${transferLimit}`);
}
