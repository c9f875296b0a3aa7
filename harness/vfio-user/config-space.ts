/** A function's configuration space (PCI Local Bus Specification, chapter 6): a header of type 0 and the MSI-X capability. */
import { msixTableBytes, type BarNumber, type FunctionDefinition } from "./function-definition.ts";

/** Bytes of a conventional configuration space. */
export const configBytes = 256;

const command = 0x04;
const status = 0x06;
const firstBar = 0x10;
const capabilities = 0x34;
/** Where the MSI-X capability stands. */
export const msixCapability = 0x40;

/** Memory, bus mastering, parity and system errors, interrupts off. */
const commandWritable = 0x0546;
const hasCapabilities = 0x0010;
/** Enable, and the mask of the whole function. */
const msixControlWritable = 0xc000;

/** Configuration space: what may be written is, the rest stays. */
export class ConfigSpace {
  readonly #initial: Buffer;
  readonly #writable: Buffer;
  #bytes: Buffer;

  constructor(definition: FunctionDefinition) {
    this.#initial = makeInitial(definition);
    this.#writable = makeWritable(definition);
    this.#bytes = Buffer.from(this.#initial);
  }

  read(offset: number, count: number): Buffer {
    return Buffer.from(this.#bytes.subarray(offset, offset + count));
  }

  write(offset: number, bytes: Uint8Array): void {
    bytes.forEach((value, index) => {
      const at = offset + index;
      const mask = this.#writable[at] ?? 0;
      this.#bytes[at] = ((this.#bytes[at] ?? 0) & ~mask) | (value & mask);
    });
  }

  reset(): void {
    this.#bytes = Buffer.from(this.#initial);
  }
}

/** Bytes of every BAR, that of MSI-X with its pages for table and pending bits among them. */
export function barSizes({ bars = {}, msix }: FunctionDefinition): ReadonlyMap<BarNumber, number> {
  const tables = 2 ** Math.ceil(Math.log2(2 * msixTableBytes(msix.vectors)));
  const own = Object.entries(bars).map(([number, { size }]): [BarNumber, number] => [
    Number(number) as BarNumber,
    size,
  ]);
  return new Map([...own, [msix.bar, tables]]);
}

function makeInitial({ identity, msix }: FunctionDefinition): Buffer {
  const bytes = Buffer.alloc(configBytes);
  bytes.writeUInt16LE(identity.vendor, 0x00);
  bytes.writeUInt16LE(identity.device, 0x02);
  bytes.writeUInt16LE(hasCapabilities, status);
  bytes.writeUInt8(identity.revision ?? 0, 0x08);
  bytes.writeUIntLE(identity.classCode, 0x09, 3);
  bytes.writeUInt16LE(identity.subsystemVendor ?? identity.vendor, 0x2c);
  bytes.writeUInt16LE(identity.subsystem ?? identity.device, 0x2e);
  bytes.writeUInt8(msixCapability, capabilities);
  // Section 6.8.2: id, next, control; offset and BAR of the table, and of the pending bits.
  bytes.writeUInt8(0x11, msixCapability);
  bytes.writeUInt16LE(msix.vectors - 1, msixCapability + 2);
  bytes.writeUInt32LE(msix.bar, msixCapability + 4);
  bytes.writeUInt32LE(msixTableBytes(msix.vectors) | msix.bar, msixCapability + 8);
  return bytes;
}

function makeWritable(definition: FunctionDefinition): Buffer {
  const mask = Buffer.alloc(configBytes);
  mask.writeUInt16LE(commandWritable, command);
  mask.writeUInt8(0xff, 0x0c);
  mask.writeUInt8(0xff, 0x0d);
  // A BAR tells its size by the bits that cannot be written (section 6.2.5.1).
  for (const [number, size] of barSizes(definition)) mask.writeUInt32LE(-size >>> 0, firstBar + 4 * number);
  mask.writeUInt8(0xff, 0x3c);
  mask.writeUInt16LE(msixControlWritable, msixCapability + 2);
  return mask;
}
