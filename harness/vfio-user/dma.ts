/** DMA by message (vfio-user protocol, sections "VFIO_USER_DMA_READ" and "VFIO_USER_DMA_WRITE"). */
import type { Connection } from "./connection.ts";
import { transferLimit } from "./framing.ts";
import { decode, encode, sizeOf } from "./layout.ts";
import { messages } from "./messages.ts";
import { ErrorReply, ProtocolError } from "./protocol-error.ts";

/** The memory that a function reaches: through the IOMMU, where there is one. */
export interface Dma {
  /**
   * Writes memory, in pieces where the client takes no more at a time.
   * @throws {DmaRefused} where an access is not allowed; the pieces before it have been written
   */
  write(iova: bigint, bytes: Uint8Array): Promise<void>;
  /**
   * Reads memory.
   * @throws {DmaRefused} where an access is not allowed
   */
  read(iova: bigint, length: number): Promise<Buffer>;
}

/** A DMA that was not allowed. */
export class DmaRefused extends Error {
  override readonly name = "DmaRefused";
  /** IOVA of the piece that was refused. */
  readonly iova: bigint;
  /** Name of the errno that the client gave for it. */
  readonly errno: string;

  constructor(what: "read" | "write", iova: bigint, reply: ErrorReply) {
    super(`DMA ${what} at 0x${iova.toString(16)} was refused: ${reply.errno}`, { cause: reply });
    this.iova = iova;
    this.errno = reply.errno;
  }
}

/** DMA over whatever connection there is when it is wanted; `connection` throws where there is none. */
export function makeDma(connection: () => Connection): Dma {
  return {
    write: async (iova, bytes) => {
      const to = connection();
      for (const { at, count } of pieces(bytes.length, to)) {
        await writePiece(to, iova + BigInt(at), bytes.subarray(at, at + count));
      }
    },
    read: async (iova, length) => {
      const from = connection();
      const parts: Buffer[] = [];
      for (const { at, count } of pieces(length, from)) parts.push(await readPiece(from, iova + BigInt(at), count));
      return Buffer.concat(parts);
    },
  };
}

/** "The count field must not exceed the value of max_data_xfer_size of the peer". */
function* pieces(length: number, { client }: Connection): Generator<{ readonly at: number; readonly count: number }> {
  const limit = client?.maxTransfer ?? transferLimit;
  for (let at = 0; at < length; at += limit) yield { at, count: Math.min(limit, length - at) };
}

async function writePiece(to: Connection, address: bigint, data: Uint8Array): Promise<void> {
  const { request } = messages.VFIO_USER_DMA_WRITE;
  const payload = encode(request, { address, count: BigInt(data.length) }, data);
  await to.request("VFIO_USER_DMA_WRITE", payload).catch((error: unknown) => {
    throw error instanceof ErrorReply ? new DmaRefused("write", address, error) : error;
  });
}

async function readPiece(from: Connection, address: bigint, length: number): Promise<Buffer> {
  const { request, reply } = messages.VFIO_USER_DMA_READ;
  const payload = encode(request, { address, count: BigInt(length) });
  const answer = await from.request("VFIO_USER_DMA_READ", payload).catch((error: unknown) => {
    throw error instanceof ErrorReply ? new DmaRefused("read", address, error) : error;
  });
  const { count } = decode("A reply to VFIO_USER_DMA_READ", reply, answer);
  const data = answer.subarray(sizeOf(reply));
  if (count !== BigInt(length) || data.length !== length) {
    throw new ProtocolError(`A reply to VFIO_USER_DMA_READ with ${data.length} bytes, expected ${length}`);
  }
  return data;
}
