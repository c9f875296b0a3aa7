/** What a rude function sends. */
import type { OperationFields } from "../../src/operation/operation.ts";
import type { RawMessage } from "./connection.ts";
import { transferLimit } from "./framing.ts";
import { encode } from "./layout.ts";
import { messages } from "./messages.ts";

/** A way to misbehave. */
export type Misbehaviour = OperationFields<"misbehave">["how"];

const { VFIO_USER_DMA_READ: read, VFIO_USER_DMA_WRITE: write } = messages;
const nowhere = { address: 0x1_0000_0000n };

/** The message of each. */
export const rudeMessages: Readonly<Record<Misbehaviour, RawMessage>> = {
  "reply-to-nothing": { command: write.command, kind: "reply", payload: Buffer.alloc(0) },
  "unknown-command": { command: 99, kind: "request", payload: Buffer.alloc(0) },
  "empty-write": {
    command: write.command,
    kind: "request",
    payload: encode(write.request, { ...nowhere, count: 0n }),
  },
  "oversized-read": {
    command: read.command,
    kind: "request",
    payload: encode(read.request, { ...nowhere, count: BigInt(transferLimit) * 1024n }),
  },
  "cut-off-write": { command: write.command, kind: "request", payload: Buffer.alloc(0) },
};
