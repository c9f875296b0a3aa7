/** A real server for tests: Debian's Redis or Valkey, on a Unix socket in a folder. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { retryUntil } from "../wait/retry-until.ts";
import { prepareArchiveProgram } from "./archive-program.ts";

/** The first that the machine's release has. */
const packages = ["valkey-server", "redis-server"];

/** A server that runs until it is disposed. */
export interface QueueServer extends AsyncDisposable {
  /** As `--queue` takes it. */
  readonly url: string;
  /** Ends it as a crash would, and starts it again on what it wrote down. */
  restart(): Promise<void>;
}

/**
 * Starts a server that keeps its data in the folder.
 * @throws {InfrastructureError} where the archive has none
 */
export async function startQueueServer(folder: string, signal: AbortSignal): Promise<QueueServer> {
  const wanted = {
    ...{ kind: "redis", what: "a server of queues", packages },
    // Program and package have one name.
    find: (tree: string, name: string) => Promise.resolve(findProgram(tree, name)),
  };
  const { program, libraryPath } = await prepareArchiveProgram(wanted, signal);
  const socket = join(folder, "queue.sock");
  const data = join(folder, "data");
  await mkdir(data, { recursive: true });
  const settings = {
    ...{ port: "0", unixsocket: socket, unixsocketperm: "600", dir: data, daemonize: "no", save: "" },
    ...{ appendonly: "yes", appendfsync: "no", "maxmemory-policy": "noeviction", loglevel: "warning" },
  };
  const argv = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]);
  const start = async (): Promise<ChildProcess> => {
    // A killed one leaves its socket.
    await rm(socket, { force: true });
    const child = spawn(program, argv, {
      env: { LD_LIBRARY_PATH: libraryPath },
      stdio: ["ignore", "ignore", "inherit"],
    });
    await retryUntil({ what: "the server's socket", limit: 10_000, signal }, () => {
      if (!existsSync(socket)) throw new Error("no socket");
    });
    return child;
  };
  const end = async (child: ChildProcess): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, "exit");
    child.kill("SIGKILL");
    await exited;
  };
  let running = await start();
  return {
    url: `unix:${socket}`,
    restart: async () => {
      await end(running);
      running = await start();
    },
    [Symbol.asyncDispose]: () => end(running),
  };
}

function findProgram(tree: string, name: string): string | null {
  const program = join("usr/bin", name);
  return existsSync(join(tree, program)) ? program : null;
}
