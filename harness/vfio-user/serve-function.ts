/** Serving a function on a Unix socket, one client at a time. */
import { createServer, type Server, type Socket } from "node:net";
import { ClosedError, InfrastructureError } from "../errors/harness-error.ts";
import { Connection } from "./connection.ts";
import { makeDma, type Dma } from "./dma.ts";
import type { FunctionDefinition, Mapping } from "./function-definition.ts";
import { FunctionServer } from "./function-server.ts";

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
}

/**
 * Serves a function.
 * @throws {InfrastructureError} where the path cannot be listened on
 */
export async function serveFunction(definition: FunctionDefinition, path: string): Promise<ServedFunction> {
  if (Buffer.byteLength(path) > pathLimit) {
    throw new InfrastructureError({
      what: `Cannot listen on "${path}": the path of a socket has ${pathLimit} bytes at most`,
      remedy: "Point TMPDIR to a folder with a shorter path",
    });
  }
  let connection: Connection | null = null;
  let failure: Error | null = null;
  const dma = makeDma(() => {
    if (connection !== null) return connection;
    const cause = failure === null ? {} : { cause: failure };
    throw new InfrastructureError({ what: `Cannot do DMA over "${path}": no client is connected`, ...cause });
  });
  const function_ = new FunctionServer(definition, { dma });
  const serve = (socket: Socket): void => {
    if (connection !== null) {
      socket.destroy();
      return;
    }
    const served = new Connection(socket, function_.answer);
    connection = served;
    served.closed.addEventListener("abort", () => {
      const reason: unknown = served.closed.reason;
      if (isFailure(reason)) failure ??= reason;
      connection = null;
      function_.forgetClient();
    });
  };
  const server = createServer(serve);
  await listen(server, path);
  return {
    ...{ path, dma },
    get mappings() {
      return function_.mappings;
    },
    get connected() {
      return connection !== null;
    },
    get failure() {
      return failure;
    },
    [Symbol.asyncDispose]: async () => {
      const closed = new Promise<void>((resolve) => {
        server.close(() => {
          resolve();
        });
      });
      connection?.[Symbol.dispose]();
      await closed;
    },
  };
}

/** A client that leaves, or is left, is nothing to complain of. */
const isFailure = (reason: unknown): reason is Error => reason instanceof Error && !(reason instanceof ClosedError);

const listen = (server: Server, path: string): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once("error", (cause) => {
      reject(new InfrastructureError({ what: `Cannot listen on "${path}"`, cause }));
    });
    server.listen(path, resolve);
  });
