/** A proxy in front of a TCP server that drops its first connection when so many pieces of data have passed. */
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { listenOnLoopback } from "./listen-on-loopback.ts";

/** A proxy that runs. */
export interface FaultProxy extends AsyncDisposable {
  readonly port: number;
  /** Pieces that passed over the first connection. */
  passed(): number;
  /** How many connections there were. */
  connections(): number;
}

/** Starts one; `pieces` is after how many, in both directions, the first connection is dropped. Later ones are left alone. */
export async function startFaultProxy(target: number, pieces: number): Promise<FaultProxy> {
  const sockets = new Set<Socket>();
  let [passed, connections] = [0, 0];
  const server = createServer((near) => {
    const isFirst = connections++ === 0;
    const far = connect({ port: target, host: "127.0.0.1", noDelay: true });
    const drop = (): void => {
      near.destroy();
      far.destroy();
    };
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from);
      from.on("error", drop);
      from.on("close", drop);
      from.on("data", (chunk) => {
        if (isFirst && passed++ >= pieces) drop();
        else to.write(chunk);
      });
    }
  });
  const port = await listenOnLoopback(server);
  return {
    port,
    passed: () => passed,
    connections: () => connections,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}
