/** A Unix socket that waits for one caller. */
import { createServer, type Socket } from "node:net";
import { InfrastructureError } from "../errors/harness-error.ts";

/** A listening socket and, some time later, the one connection made to it. */
export interface Acceptor extends AsyncDisposable {
  /** Rejected where the listening ends before anyone called. */
  readonly connection: Promise<Socket>;
}

/**
 * Listens on a Unix socket for one connection; a second one is turned away.
 * @throws {InfrastructureError} where the path cannot be listened on
 */
export async function acceptOne(path: string): Promise<Acceptor> {
  const server = createServer();
  server.maxConnections = 1;
  const connection = new Promise<Socket>((resolve, reject) => {
    server.once("connection", (socket) => {
      // Readers attach their own handlers; without one here, a connection torn down early would end the process.
      socket.on("error", () => undefined);
      resolve(socket);
    });
    server.once("close", () => {
      reject(new InfrastructureError({ what: `Nobody connected to "${path}"` }));
    });
  });
  connection.catch(() => undefined);
  await new Promise<void>((resolve, reject) => {
    server.once("error", (cause) => {
      reject(new InfrastructureError({ what: `Cannot listen on "${path}"`, cause }));
    });
    server.listen(path, resolve);
  });
  return {
    connection,
    [Symbol.asyncDispose]: () =>
      new Promise<void>((resolve) => {
        server.close(() => {
          resolve();
        });
        connection.then(
          (socket) => {
            socket.destroy();
          },
          () => undefined,
        );
      }),
  };
}
