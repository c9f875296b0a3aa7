/**
 * The messages of the vfio-user protocol, as data. Each is named as its section of the specification
 * (docs/interop/vfio-user.rst in QEMU's source); the numbers are those of the section "Commands".
 */
import type { Layout } from "./layout.ts";

/** A message: who sends it, and what follows the header in request and reply. */
export interface MessageDefinition {
  readonly command: number;
  readonly from: "client" | "server";
  readonly request: Layout;
  readonly reply: Layout;
  /** Whether bytes of no fixed number follow the structure, in the request or in the reply. */
  readonly more?: { readonly request?: true; readonly reply?: true };
}

const version = { major: "u16", minor: "u16" } as const;
const dmaUnmap = { argsz: "u32", flags: "u32", address: "u64", size: "u64" } as const;
const deviceInfo = { argsz: "u32", flags: "u32", regions: "u32", irqs: "u32" } as const;
const irqInfo = { argsz: "u32", flags: "u32", index: "u32", count: "u32" } as const;
const regionAccess = { offset: "u64", region: "u32", count: "u32" } as const;
const regionInfo = {
  argsz: "u32",
  flags: "u32",
  index: "u32",
  capOffset: "u32",
  size: "u64",
  offset: "u64",
} as const;
const dmaAccess = { address: "u64", count: "u64" } as const;

/** Every message that is understood. */
export const messages = {
  VFIO_USER_VERSION: {
    ...{ command: 1, from: "client", request: version, reply: version },
    more: { request: true, reply: true },
  },
  VFIO_USER_DMA_MAP: {
    ...{ command: 2, from: "client", reply: {} },
    request: { argsz: "u32", flags: "u32", offset: "u64", address: "u64", size: "u64" },
  },
  VFIO_USER_DMA_UNMAP: { command: 3, from: "client", request: dmaUnmap, reply: dmaUnmap },
  VFIO_USER_DEVICE_GET_INFO: { command: 4, from: "client", request: deviceInfo, reply: deviceInfo },
  VFIO_USER_DEVICE_GET_REGION_INFO: { command: 5, from: "client", request: regionInfo, reply: regionInfo },
  VFIO_USER_DEVICE_GET_IRQ_INFO: { command: 7, from: "client", request: irqInfo, reply: irqInfo },
  VFIO_USER_DEVICE_SET_IRQS: {
    ...{ command: 8, from: "client", reply: {}, more: { request: true } },
    request: { argsz: "u32", flags: "u32", index: "u32", start: "u32", count: "u32" },
  },
  VFIO_USER_REGION_READ: {
    ...{ command: 9, from: "client", request: regionAccess, reply: regionAccess, more: { reply: true } },
  },
  VFIO_USER_REGION_WRITE: {
    ...{ command: 10, from: "client", request: regionAccess, reply: regionAccess, more: { request: true } },
  },
  VFIO_USER_DMA_READ: {
    ...{ command: 11, from: "server", request: dmaAccess, reply: dmaAccess, more: { reply: true } },
  },
  // The specification's reply repeats address and count; QEMU's is a header and nothing else.
  VFIO_USER_DMA_WRITE: {
    ...{ command: 12, from: "server", request: dmaAccess, reply: {}, more: { request: true, reply: true } },
  },
  VFIO_USER_DEVICE_RESET: { command: 13, from: "client", request: {}, reply: {} },
  VFIO_USER_REGION_WRITE_MULTI: {
    ...{ command: 15, from: "client", request: { writes: "u64" }, reply: { writes: "u64" }, more: { request: true } },
  },
} as const satisfies Readonly<Record<string, MessageDefinition>>;

/** The name of a message. */
export type MessageName = keyof typeof messages;

/** The messages that a client sends. */
export type ClientMessage = {
  [N in MessageName]: (typeof messages)[N]["from"] extends "client" ? N : never;
}[MessageName];

/** The messages that a server sends. */
export type ServerMessage = Exclude<MessageName, ClientMessage>;

/** One write of VFIO_USER_REGION_WRITE_MULTI, section "Single Device Write Format"; eight bytes of data follow. */
export const singleWrite = regionAccess;

const byCommand = new Map<number, MessageName>(
  Object.entries(messages).map(([name, { command }]) => [command, name as MessageName]),
);

/** The message of a command's number; undefined where it is none that is understood here. */
export const messageOf = (command: number): MessageName | undefined => byCommand.get(command);
