/** Agreeing on a version and capabilities (vfio-user protocol, section "VFIO_USER_VERSION"). */
import * as z from "zod";
import { transferLimit } from "./framing.ts";
import { decode, encode, sizeOf } from "./layout.ts";
import { messages } from "./messages.ts";
import { ProtocolError } from "./protocol-error.ts";

/** The version spoken here. */
const spoken = { major: 0, minor: 0 } as const;

const count = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);

/** Names as the specification spells them, with its defaults; capabilities that nobody here knows are passed over. */
const versionDataSchema = z.object({
  capabilities: z
    .object({
      max_msg_fds: count.default(1),
      max_data_xfer_size: count.min(1).default(1024 * 1024),
      max_dma_maps: count.default(65_535),
      pgsizes: count.default(4096),
      write_multiple: z.boolean().default(false),
    })
    .prefault({}),
});

/** What a client said of itself. */
export interface ClientCapabilities {
  readonly minor: number;
  /** Bytes that may be asked of it in one message of DMA. */
  readonly maxTransfer: number;
  readonly writesMultiple: boolean;
}

/**
 * Reads the client's proposal.
 * @throws {ProtocolError} where it is none, or wants another major version
 */
export function readVersion(payload: Buffer): ClientCapabilities {
  const { request } = messages.VFIO_USER_VERSION;
  const { major, minor } = decode("VFIO_USER_VERSION", request, payload);
  if (major !== spoken.major) {
    throw new ProtocolError(`The client speaks version ${major}.${minor}, expected ${spoken.major}.x`);
  }
  const { capabilities } = readVersionData(payload.subarray(sizeOf(request)));
  return {
    minor,
    maxTransfer: Math.min(capabilities.max_data_xfer_size, transferLimit),
    writesMultiple: capabilities.write_multiple,
  };
}

function readVersionData(bytes: Buffer): z.output<typeof versionDataSchema> {
  if (bytes.length === 0) return versionDataSchema.parse({});
  if (bytes.indexOf(0) !== bytes.length - 1)
    throw new ProtocolError("Version data that do not end with their only NUL");
  const text = bytes.toString("utf8", 0, bytes.length - 1);
  try {
    return versionDataSchema.parse(JSON.parse(text));
  } catch (error) {
    const why = error instanceof z.ZodError ? z.prettifyError(error) : "not JSON";
    throw new ProtocolError(`Cannot read the version data ${JSON.stringify(text.slice(0, 200))}: ${why}`, {
      cause: error,
    });
  }
}

/** The answer to a proposal: "The capability list must be a subset of those proposed". */
export function answerVersion(client: ClientCapabilities): Buffer {
  const capabilities = {
    // Of no use here, as memory is reached by message; what raises interrupts takes those of SET_IRQS before they come here.
    max_msg_fds: 8,
    max_data_xfer_size: transferLimit,
    max_dma_maps: 65_535,
    pgsizes: 4096,
    ...(client.writesMultiple ? { write_multiple: true } : {}),
  };
  const minor = Math.min(client.minor, spoken.minor);
  return encode(
    messages.VFIO_USER_VERSION.reply,
    { major: spoken.major, minor },
    Buffer.from(`${JSON.stringify({ capabilities })}\0`),
  );
}
