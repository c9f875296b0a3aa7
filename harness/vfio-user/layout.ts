/**
 * Structures of fixed layout. "In this revision, all data is in the endianness of the host system" (vfio-user protocol,
 * Protocol Specification).
 */
import { endianness } from "node:os";
import { ProtocolError } from "./protocol-error.ts";

/** Field names and their widths, in order, without padding between them. */
export type Layout = Readonly<Record<string, "u16" | "u32" | "u64">>;

/** What a layout's fields hold. */
export type Fields<L extends Layout> = { readonly [K in keyof L]: L[K] extends "u64" ? bigint : number };

const widths = { u16: 2, u32: 4, u64: 8 } as const;
const littleEndian = endianness() === "LE";

/** Bytes of a structure. */
export const sizeOf = (layout: Layout): number =>
  Object.values(layout).reduce((bytes, width) => bytes + widths[width], 0);

/**
 * Reads a structure that begins at `offset`.
 * @throws {ProtocolError} where the bytes end before it does; `what` names it
 */
export function decode<L extends Layout>(what: string, layout: L, bytes: Buffer, offset = 0): Fields<L> {
  const size = sizeOf(layout);
  if (bytes.length < offset + size) {
    throw new ProtocolError(`${what} of ${bytes.length} bytes, expected ${offset + size} at least`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset + offset, size);
  const fields: Record<string, number | bigint> = {};
  let at = 0;
  for (const [name, width] of Object.entries(layout)) {
    if (width === "u16") fields[name] = view.getUint16(at, littleEndian);
    else if (width === "u32") fields[name] = view.getUint32(at, littleEndian);
    else fields[name] = view.getBigUint64(at, littleEndian);
    at += widths[width];
  }
  return fields as Fields<L>;
}

/** Writes a structure, and bytes behind it. */
export function encode<L extends Layout>(layout: L, fields: Fields<L>, data: Uint8Array = Buffer.alloc(0)): Buffer {
  const size = sizeOf(layout);
  const bytes = Buffer.alloc(size + data.length);
  const view = new DataView(bytes.buffer, bytes.byteOffset, size);
  let at = 0;
  for (const [name, width] of Object.entries(layout)) {
    const value = fields[name] ?? 0;
    if (width === "u16") view.setUint16(at, Number(value), littleEndian);
    else if (width === "u32") view.setUint32(at, Number(value), littleEndian);
    else view.setBigUint64(at, BigInt(value), littleEndian);
    at += widths[width];
  }
  bytes.set(data, size);
  return bytes;
}
