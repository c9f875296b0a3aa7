/** How a function is described: who it is, what its registers do, what it does when something happens to it. */
import type { Dma } from "./dma.ts";
import type { Raised } from "./relay/start-relay.ts";

/** Numbers that say what a function is (PCI Local Bus Specification, section 6.2.1). */
export interface Identity {
  readonly vendor: number;
  readonly device: number;
  readonly revision?: number;
  /** Class, subclass and programming interface, such as `0xff0000`. */
  readonly classCode: number;
  readonly subsystemVendor?: number;
  readonly subsystem?: number;
}

/** A register. Accesses of its own size at its own offset reach it; reads of anything else are zeros, writes vanish. */
export interface Register {
  readonly offset: number;
  /** Bytes. */
  readonly size: 1 | 2 | 4 | 8;
  /** Its value; 0 where absent. */
  readonly read?: (device: Device) => bigint;
  readonly write?: (value: bigint, device: Device) => void;
}

/** A base address register: memory, 32-bit addresses, never prefetchable. */
export interface Bar {
  /** Bytes: a power of two, a page at least. */
  readonly size: number;
  readonly registers?: Readonly<Record<string, Register>>;
}

/** The number of a base address register. */
export type BarNumber = 0 | 1 | 2 | 3 | 4 | 5;

/** A range that the device may reach by DMA, as its client tells of it. */
export interface Mapping {
  readonly iova: bigint;
  readonly size: bigint;
  readonly read: boolean;
  readonly write: boolean;
}

/** What handlers are given: the function at work. */
export interface Device {
  readonly dma: Dma;
  /** Raises the interrupt of a vector: "silent" where the host wants none; rejected where it is served without a relay. */
  readonly raise: (vector: number) => Promise<Raised>;
  /** The 4096 bytes that a scenario calls by that name, such as `hello`. */
  readonly page: (name: string) => Uint8Array;
}

/** A function. Handlers that return a promise hold the answer, and with it the client, until it is settled. */
export interface FunctionDefinition {
  readonly identity: Identity;
  readonly bars?: Readonly<Partial<Record<BarNumber, Bar>>>;
  /** MSI-X, which the s390 architecture demands of every function: number of vectors, and a BAR for its tables alone. */
  readonly msix: { readonly vectors: number; readonly bar: BarNumber };
  /** The function is reset; its configuration space is as at first already. */
  readonly onReset?: (device: Device) => void | Promise<void>;
  readonly onMap?: (mapping: Mapping, device: Device) => void | Promise<void>;
  /** A range may not be reached any more once the answer is given. It may be many mappings, and it may be none. */
  readonly onUnmap?: (range: Pick<Mapping, "iova" | "size">, device: Device) => void | Promise<void>;
}

const pageBytes = 4096;
const vectorLimit = 2048;
const vectorBytes = 16;

/** Bytes of the MSI-X table, in whole pages; the pending bits have a page of their own behind it. */
export const msixTableBytes = (vectors: number): number => Math.ceil((vectors * vectorBytes) / pageBytes) * pageBytes;

/**
 * Checks a function and gives it back: what it says fits together.
 * @throws {RangeError} where it does not
 */
export function defineFunction(definition: FunctionDefinition): FunctionDefinition {
  const { bars = {}, msix } = definition;
  const refuse = (problem: string): never => {
    throw new RangeError(`Cannot define a function: ${problem}`);
  };
  for (const [number, { size, registers = {} }] of Object.entries(bars)) {
    if (size < pageBytes || size > 2 ** 30 || !Number.isInteger(Math.log2(size))) {
      refuse(`BAR ${number} has ${size} bytes, expected a power of two from ${pageBytes} to 1 GiB`);
    }
    for (const [name, register] of Object.entries(registers)) {
      if (register.offset % register.size !== 0 || register.offset < 0 || register.offset + register.size > size) {
        refuse(`register "${name}" of ${register.size} bytes at ${register.offset} does not fit BAR ${number}`);
      }
    }
  }
  if (!Number.isInteger(msix.vectors) || msix.vectors < 1 || msix.vectors > vectorLimit) {
    refuse(`MSI-X has ${msix.vectors} vectors, expected 1 to ${vectorLimit}`);
  }
  if (bars[msix.bar] !== undefined) refuse(`BAR ${msix.bar} is to hold the tables of MSI-X and nothing else`);
  return definition;
}
