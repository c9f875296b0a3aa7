/** A real server for tests: Debian's Redis or Valkey, from the archive into the cache, on a Unix socket in a folder. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import { basename, join } from "node:path";
import { withArchive, type Archive } from "../assets/archive.ts";
import { findCacheRoot, publishEntry, readChoice, readEntry, writeChoice, type Entry } from "../assets/cache.ts";
import { withLock } from "../assets/file-lock.ts";
import { printProgress } from "../assets/print-progress.ts";
import { findLibraryFolders, unpackPackages } from "../assets/unpack-packages.ts";
import { InfrastructureError } from "../errors/harness-error.ts";
import { retryUntil } from "../wait/retry-until.ts";

const kind = "redis";
/** Packages that have a server, and its program: the first that the machine's release has. */
const servers = [
  { name: "valkey-server", program: "usr/bin/valkey-server" },
  { name: "redis-server", program: "usr/bin/redis-server" },
] as const;

interface Unpacked {
  readonly program: string;
  readonly libraries: readonly string[];
}

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
  const { folder: root, manifest } = await prepareServer(signal);
  const socket = join(folder, "queue.sock");
  const data = join(folder, "data");
  await mkdir(data, { recursive: true });
  const settings = {
    ...{ port: "0", unixsocket: socket, unixsocketperm: "600", dir: data, daemonize: "no", save: "" },
    ...{ appendonly: "yes", appendfsync: "no", "maxmemory-policy": "noeviction", loglevel: "warning" },
  };
  const argv = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]);
  const libraries = manifest.libraries.map((path) => join(root, "tree", path)).join(":");
  const start = async (): Promise<ChildProcess> => {
    // A killed one leaves its socket.
    await rm(socket, { force: true });
    const child = spawn(join(root, "tree", manifest.program), argv, {
      env: { LD_LIBRARY_PATH: libraries },
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

async function prepareServer(signal: AbortSignal): Promise<Entry<Unpacked>> {
  const root = findCacheRoot();
  const report = printProgress(process.stderr);
  const found = await findChosen(root);
  if (found !== null) return found;
  return withLock({ root, report, signal, name: kind, purpose: "fetching a server of queues" }, async () => {
    const meanwhile = await findChosen(root);
    return meanwhile ?? (await withArchive({ root, report, signal }, (archive) => fetch(archive, root, signal)));
  });
}

async function findChosen(root: string): Promise<Entry<Unpacked> | null> {
  const choice = await readChoice<{ readonly key: string }>(root, kind);
  return choice === null ? null : readEntry<Unpacked>(root, kind, choice.key);
}

async function fetch(archive: Archive, root: string, signal: AbortSignal): Promise<Entry<Unpacked>> {
  const suite = archive.codename ?? "stable";
  if (!(await archive.ask(suite))) throw unavailable(`${suite} cannot be reached`);
  const had = await archive.find(...servers.map(({ name }) => name));
  const wanted = servers.flatMap(({ name }) => had.find((each) => each.name === name) ?? [])[0];
  const program = servers.find(({ name }) => name === wanted?.name)?.program;
  if (wanted === undefined || program === undefined) throw unavailable(`${suite} has none`);
  const key = `${wanted.name}-${wanted.version}`.replace(/[^\w.-]/gu, "-");
  const entry = await publishEntry(root, kind, key, async (folder): Promise<Unpacked> => {
    const debs = join(folder, "debs");
    await mkdir(debs);
    const closure = await archive.downloadClosure([wanted], debs);
    // The machine's loader goes with the machine's C library.
    const own = closure.filter((path) => !/^(?:libc6|libc-bin)_/u.test(basename(path)));
    const tree = await unpackPackages(own, join(folder, "tree"), signal);
    if (!existsSync(join(tree, program))) throw unavailable(`${wanted.name} ${wanted.version} has no program`);
    return { program, libraries: await findLibraryFolders(tree) };
  });
  await writeChoice(root, kind, { key });
  return entry;
}

const unavailable = (why: string): InfrastructureError =>
  new InfrastructureError({
    what: `Cannot fetch a server of queues: ${why}`,
    remedy: "Look at the network and at apt's sources",
  });
