/** A function's regions: its BARs, and its configuration space (vfio-user protocol, sections "VFIO_USER_REGION_READ" and on). */
import { barSizes, configBytes, type ConfigSpace } from "./config-space.ts";
import type { Bar, BarNumber, Device, FunctionDefinition, Register } from "./function-definition.ts";
import { RefusedRequest } from "./protocol-error.ts";

/** Number of the configuration space's region; BARs 0 to 5 are 0 to 5 (linux/vfio.h, VFIO_PCI_CONFIG_REGION_INDEX). */
const configRegion = 7;

/** Reads and writes of a function's regions. */
export class Regions {
  readonly #definition: FunctionDefinition;
  readonly #config: ConfigSpace;
  readonly #device: Device;
  readonly #sizes: ReadonlyMap<number, number>;

  constructor(definition: FunctionDefinition, config: ConfigSpace, device: Device) {
    this.#definition = definition;
    this.#config = config;
    this.#device = device;
    this.#sizes = new Map<number, number>([...barSizes(definition), [configRegion, configBytes]]);
  }

  /** Bytes of a region; 0 where there is none of that number. */
  sizeOf(region: number): number {
    return this.#sizes.get(region) ?? 0;
  }

  /** @throws {RefusedRequest} EINVAL where the region ends before the access does */
  read(region: number, offset: bigint, count: number): Buffer {
    const at = this.#check(region, offset, count);
    if (region === configRegion) return this.#config.read(at, count);
    const bytes = Buffer.alloc(count);
    const register = this.#find(region, at, count);
    // BARs are little-endian, whoever asks.
    const value = BigInt.asUintN(8 * count, register?.read?.(this.#device) ?? 0n);
    if (register !== undefined) bytes.set(littleEndian(value, count));
    return bytes;
  }

  /** @throws {RefusedRequest} EINVAL where the region ends before the access does */
  write(region: number, offset: bigint, bytes: Buffer): void {
    const at = this.#check(region, offset, bytes.length);
    if (region === configRegion) {
      this.#config.write(at, bytes);
      return;
    }
    const value = bytes.reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
    this.#find(region, at, bytes.length)?.write?.(value, this.#device);
  }

  #find(region: number, offset: number, size: number): Register | undefined {
    const bar: Bar | undefined = this.#definition.bars?.[region as BarNumber];
    return Object.values(bar?.registers ?? {}).find((each) => each.offset === offset && each.size === size);
  }

  #check(region: number, offset: bigint, count: number): number {
    const size = this.sizeOf(region);
    if (offset + BigInt(count) > BigInt(size)) {
      throw new RefusedRequest("EINVAL", `${count} bytes at ${offset} of region ${region}, which has ${size}`);
    }
    return Number(offset);
  }
}

const littleEndian = (value: bigint, count: number): Uint8Array =>
  Uint8Array.from({ length: count }, (_, index) => Number((value >> BigInt(8 * index)) & 0xffn));
