/** A lab in a folder: a real server of queues, workers that are processes, and nights that they perform. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { ResourceScope } from "../lifecycle/resource-scope.ts";
import { parseQueueAddress } from "../queue/address.ts";
import { connectQueue } from "../queue/connect.ts";
import { keyPrefix } from "../queue/store.ts";
import { retryUntil } from "../wait/retry-until.ts";
import type { BuiltCommand } from "./build-command.ts";
import { callCli, type Call } from "./call-cli.ts";
import { configText, type Said } from "./nights.ts";
import { startQueueServer, type QueueServer } from "./redis.ts";
import { scenarioText, temporaryFolder } from "./scenario-files.ts";

const program = fileURLToPath(new URL("queue-worker.mjs", import.meta.url));
const signal = new AbortController().signal;

const hardware = "lab";

/** What a worker noted of itself. */
export interface LabNote {
  readonly pid: number;
  /** The token that the fence had then; null where there is no fence. */
  readonly token: number | null;
  readonly scenario: string;
  readonly event: "start" | "begin" | "end" | "counts";
}

/** Settings of a lab. */
export interface LabOptions {
  readonly names: readonly string[];
  /** Milliseconds of each operation; a scenario has three. */
  readonly milliseconds: number;
  /** Milliseconds. */
  readonly lease: number;
  readonly isFenced?: boolean;
  /** A scenario that ends every worker that begins it. */
  readonly dies?: string;
}

/** A lab. Disposing it ends all that it started. */
export interface Lab extends AsyncDisposable {
  readonly server: QueueServer;
  readonly folder: string;
  /** Path of the fence's file. */
  readonly fence: string;
  startWorker(): ChildProcess;
  readNotes(): Promise<readonly LabNote[]>;
  /** Waits until a process has the lease of the lab's hardware. */
  awaitHolder(pid: number | undefined): Promise<void>;
  /** Waits until the notes are as somebody wants them. */
  until(what: string, check: (notes: readonly LabNote[]) => boolean): Promise<readonly LabNote[]>;
  runNight(...argv: readonly string[]): Promise<Call & { readonly said: Said }>;
}

/** Opens a lab. */
export async function openLab(built: BuiltCommand, options: LabOptions): Promise<Lab> {
  const { names, milliseconds, lease, isFenced = false, dies = null } = options;
  const scope = new ResourceScope();
  const folder = scope.use(
    "the folder",
    await temporaryFolder({
      log: "",
      "zhil.config.ts": configText({ benches: ["model"], scenarios: { folder: "scenarios" } }),
      ...Object.fromEntries(names.map((name) => [`scenarios/${name}.yaml`, scenarioText(name)])),
    }),
  );
  const server = scope.use("the server", await startQueueServer(folder.path, signal));
  const log = join(folder.path, "log");
  const fence = join(folder.path, "token");
  const workers = new Set<ChildProcess>();
  const readNotes = async (): Promise<readonly LabNote[]> => {
    const lines = (await readFile(log, "utf8")).trim().split("\n");
    return lines.filter(Boolean).map((line) => JSON.parse(line) as LabNote);
  };
  return {
    ...{ server, folder: folder.path, fence, readNotes },
    startWorker: () => {
      const settings = {
        ...{ url: server.url, lease, log, milliseconds, jobs: 1, dies },
        ...(isFenced ? { fence: { hardware, file: fence } } : {}),
      };
      const child = spawn(process.execPath, [program, built.folder, JSON.stringify(settings)], {
        stdio: ["ignore", "ignore", "inherit"],
      });
      workers.add(child);
      return child;
    },
    awaitHolder: async (pid) => {
      const client = await connectQueue(parseQueueAddress(server.url), signal);
      try {
        await retryUntil({ what: `process ${pid} to have the lease`, limit: 30_000, signal }, async () => {
          const holder = (await client.get(`${keyPrefix}:lease:${hardware}`)) ?? "nobody";
          if (!holder.includes(`-${pid}-`)) throw new Error(holder);
        });
      } finally {
        client.disconnect();
      }
    },
    until: (what, check) =>
      retryUntil({ what, limit: 60_000, signal }, async () => {
        const notes = await readNotes();
        if (!check(notes)) throw new Error(`${notes.length} notes`);
        return notes;
      }),
    runNight: async (...argv) => {
      const call = await callCli(["nightly", "--queue", server.url, "--json", ...argv], {
        workingFolder: folder.path,
      });
      return { ...call, said: (call.stdout === "" ? null : JSON.parse(call.stdout)) as Said };
    },
    [Symbol.asyncDispose]: async () => {
      for (const worker of workers) {
        if (worker.exitCode !== null || worker.signalCode !== null) continue;
        const exited = once(worker, "exit");
        worker.kill("SIGKILL");
        await exited;
      }
      await scope[Symbol.asyncDispose]();
    },
  };
}
