/** Serving a function on a Unix socket, one client at a time. */
import { createServer, type Server, type Socket } from "node:net";
import { ClosedError, InfrastructureError } from "../errors/harness-error.ts";
import { patternPage } from "../agent/pattern.ts";
import { Connection, type Answer, type RawMessage } from "./connection.ts";
import { makeDma, type Dma } from "./dma.ts";
import type { FunctionDefinition, Mapping } from "./function-definition.ts";
import { FunctionServer } from "./function-server.ts";
import type { Raised, Relay } from "./relay/start-relay.ts";

/** Longest path of a Unix socket: sun_path without its terminating zero. */
const pathLimit = 107;

/** A function that is being served; its end closes the connection and removes the socket. */
export interface ServedFunction extends AsyncDisposable {
  /** Path of its socket. */
  readonly path: string;
  /** DMA of the function; rejected where there is no client. */
  readonly dma: Dma;
  /** Whether a client is connected. */
  readonly connected: boolean;
  /** The ranges that the client told of, in the order of their IOVAs. */
  readonly mappings: readonly Mapping[];
  /** The first thing that made no sense, or that a handler threw; the connection was closed then. */
  readonly failure: Error | null;
  /**
   * Raises an interrupt: "silent" where the client gave no eventfd for the vector.
   * @throws {InfrastructureError} where it is served without a relay, or has vanished
   */
  raise(vector: number): Promise<Raised>;
  /** Sends a message as it is; the errno of the reply, null for one without, rejected where the connection ends before. */
  sendRaw(message: RawMessage): Promise<string | null>;
  /** Closes the connection and the socket: nobody is there any more. */
  vanish(): Promise<void>;
  /**
   * Listens again after it vanished.
   * @throws {InfrastructureError} where the path cannot be listened on
   */
  appear(): Promise<void>;
}

/** Starts what clients connect to instead of the server itself, for the eventfds that they send. */
export type RelayTo = (listen: string, server: string) => Promise<Relay>;

/** Stands between a request and its answer. */
export type Tamper = (name: string, payload: Buffer, answer: () => Answer) => Answer;

/**
 * Serves a function.
 * @throws {InfrastructureError} where the path cannot be listened on
 */
export async function serveFunction(
  definition: FunctionDefinition,
  path: string,
  tamper: Tamper = (_, __, answer) => answer(),
  relayTo: RelayTo | null = null,
): Promise<ServedFunction> {
  const ownPath = relayTo === null ? path : `${path}.s`;
  if (Buffer.byteLength(ownPath) > pathLimit) {
    throw new InfrastructureError({
      what: `Cannot listen on "${path}": the path of a socket has ${pathLimit} bytes at most`,
      remedy: "Point TMPDIR to a folder with a shorter path",
    });
  }
  let connection: Connection | null = null;
  let failure: Error | null = null;
  const connected = (): Connection => {
    if (connection !== null) return connection;
    const cause = failure === null ? {} : { cause: failure };
    throw new InfrastructureError({ what: `Cannot do DMA over "${path}": no client is connected`, ...cause });
  };
  const dma = makeDma(connected);
  let relay: Relay | null = null;
  const raise = async (vector: number): Promise<Raised> => {
    if (relay !== null) return relay.raise(vector);
    throw new InfrastructureError({ what: `Cannot raise an interrupt over "${path}": it is served without a relay` });
  };
  const function_ = new FunctionServer(definition, { dma, raise, page: patternPage });
  const serve = (socket: Socket): void => {
    if (connection !== null) {
      socket.destroy();
      return;
    }
    const served = new Connection(socket, (name, payload) =>
      tamper(name, payload, () => function_.answer(name, payload)),
    );
    connection = served;
    served.closed.addEventListener("abort", () => {
      const reason: unknown = served.closed.reason;
      if (isFailure(reason)) failure ??= reason;
      connection = null;
      function_.forgetClient();
    });
  };
  let server: Server | null = null;
  const appear = async (): Promise<void> => {
    server ??= await listen(serve, ownPath);
    relay ??= relayTo === null ? null : await relayTo(path, ownPath);
  };
  const vanish = async (): Promise<void> => {
    const ending = server;
    server = null;
    const closed = new Promise<void>((resolve) => {
      if (ending === null) resolve();
      else
        ending.close(() => {
          resolve();
        });
    });
    connection?.[Symbol.dispose]();
    const relayed = relay;
    relay = null;
    await relayed?.[Symbol.asyncDispose]();
    await closed;
  };
  try {
    await appear();
  } catch (error) {
    await vanish();
    throw error;
  }
  return {
    ...{ path, dma, raise, vanish, appear },
    get connected() {
      return connection !== null;
    },
    get mappings() {
      return function_.mappings;
    },
    get failure() {
      return failure;
    },
    sendRaw: (message) => connected().sendRaw(message),
    [Symbol.asyncDispose]: vanish,
  };
}

/** A client that leaves, or is left, is nothing to complain of. */
const isFailure = (reason: unknown): reason is Error => reason instanceof Error && !(reason instanceof ClosedError);

const listen = (serve: (socket: Socket) => void, path: string): Promise<Server> =>
  new Promise((resolve, reject) => {
    const server = createServer(serve);
    server.once("error", (cause) => {
      reject(new InfrastructureError({ what: `Cannot listen on "${path}"`, cause }));
    });
    server.listen(path, () => {
      resolve(server);
    });
  });
