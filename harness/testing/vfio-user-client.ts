/** A vfio-user client for tests: what QEMU would send, and whatever it never would. */
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { encodeReply, encodeRequest, MessageSplitter, type Message } from "../vfio-user/framing.ts";
import { encode, type Fields } from "../vfio-user/layout.ts";
import { messages, type MessageName } from "../vfio-user/messages.ts";

/** The version data that QEMU 11.1 sends, more or less. */
export const usualVersionData =
  '{"capabilities":{"max_msg_fds":8,"max_data_xfer_size":1048576,"pgsizes":4096,"max_dma_maps":65535,"write_multiple":true}}\0';

/** What follows the header of a request. */
export function payloadOf<N extends MessageName>(
  name: N,
  fields: Fields<(typeof messages)[N]["request"]>,
  data?: Uint8Array,
): Buffer {
  return encode(messages[name].request, fields, data);
}

export class VfioUserClient {
  readonly #socket: Socket;
  readonly #received: Message[] = [];
  readonly #closed: Promise<unknown>;
  #wake: () => void = () => undefined;
  #lastId = 0;

  private constructor(socket: Socket) {
    this.#socket = socket;
    const splitter = new MessageSplitter();
    this.#closed = once(socket, "close");
    socket.on("error", () => undefined);
    socket.on("data", (chunk: Buffer) => {
      this.#received.push(...splitter.push(chunk));
      this.#wake();
    });
  }

  static async connect(path: string): Promise<VfioUserClient> {
    const socket = connect(path);
    await once(socket, "connect");
    return new VfioUserClient(socket);
  }

  /** Connects and agrees on a version. */
  static async greet(path: string, versionData = usualVersionData): Promise<VfioUserClient> {
    const client = await VfioUserClient.connect(path);
    await client.ask("VFIO_USER_VERSION", { major: 0, minor: 0 }, Buffer.from(versionData));
    return client;
  }

  /** Sends bytes as they are. */
  send(bytes: Uint8Array): void {
    this.#socket.write(bytes);
  }

  end(): void {
    this.#socket.end();
  }

  /** Sends a request and returns the next message, its reply. */
  ask<N extends MessageName>(
    name: N,
    fields: Fields<(typeof messages)[N]["request"]>,
    data?: Uint8Array,
  ): Promise<Message> {
    this.send(encodeRequest(++this.#lastId, messages[name].command, payloadOf(name, fields, data)));
    return this.next();
  }

  /** The next message that comes. */
  async next(): Promise<Message> {
    for (;;) {
      const message = this.#received.shift();
      if (message !== undefined) return message;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** Answers a request of the server with these bytes behind the header. */
  reply({ id, command }: Message, payload: Uint8Array = Buffer.alloc(0)): void {
    this.send(encodeReply(id, command, payload));
  }

  /** Resolves when the server has closed the connection. */
  async closed(): Promise<void> {
    await this.#closed;
  }
}
