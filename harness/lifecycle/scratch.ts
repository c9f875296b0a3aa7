/** The one folder everything of a run is created under: sockets, media, consoles. */
import { rmSync, writeFileSync } from "node:fs";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { InfrastructureError } from "../errors/harness-error.ts";
import { identifyProcess, readProcessRealm, type ProcessIdentity } from "./process-identity.ts";
import { killRecorded, recordProcess } from "./recorded-processes.ts";

/** How the names of scratch folders begin; the reaper looks for it. */
export const scratchPrefix = "zhil-run-";
/** File that names the process a scratch folder belongs to. */
export const ownerFile = "owner.json";
/** Longest path of a Unix socket: sun_path without its terminating zero. */
const socketPathLimit = 107;
/** Room a socket's path needs below the scratch folder: `/` + machine folder + `/` + name. */
const socketPathRoom = 40;

const removal = { recursive: true, force: true, maxRetries: 3 } as const;

/** Who owns a scratch folder. */
export interface Owner extends ProcessIdentity {
  /** Boot and PID namespace the number belongs to. */
  readonly realm: string;
}

/** A run's scratch folder, removed when disposed. */
export interface Scratch extends AsyncDisposable {
  readonly path: string;
  /** Creates a folder below, for one machine or one purpose; names are numbered, so they never clash. */
  createFolder(name: string): Promise<string>;
  /** Notes a started process, so that the next run can end it should this one be killed. Call it right after the start. */
  recordProcess(pid: number): void;
  /** Ends what was started and removes the folder, at once and without a promise: the way out of a dying process. */
  endNow(): void;
}

/**
 * Creates the scratch folder of a run, mode 0700, in the system's folder for temporary files.
 * @throws {InfrastructureError} where it cannot be created or its path leaves no room for socket names
 */
export async function createScratch(options: { readonly parent?: string } = {}): Promise<Scratch> {
  const parent = options.parent ?? tmpdir();
  const path = await mkdtemp(join(parent, scratchPrefix)).catch((cause: unknown) => {
    throw new InfrastructureError({
      what: `Cannot create a scratch folder in "${parent}"`,
      remedy: "Point TMPDIR to a folder that exists and can be written",
      cause,
    });
  });
  try {
    if (Buffer.byteLength(path) > socketPathLimit - socketPathRoom) {
      throw new InfrastructureError({
        what: `Cannot use the scratch folder "${path}": sockets below it would have paths over ${socketPathLimit} bytes`,
        remedy: "Point TMPDIR to a folder with a shorter path",
      });
    }
    writeFileSync(join(path, ownerFile), JSON.stringify(describeSelf()));
  } catch (error) {
    await rm(path, removal);
    throw error;
  }

  let folders = 0;
  const scratch: Scratch = {
    path,
    createFolder: async (name) => {
      const folder = join(path, `${name}${folders++}`);
      await mkdir(folder, { mode: 0o700 });
      return folder;
    },
    recordProcess: (pid) => {
      recordProcess(path, pid);
    },
    endNow: () => {
      living.delete(scratch);
      killRecorded(path);
      rmSync(path, removal);
    },
    [Symbol.asyncDispose]: async () => {
      await rm(path, removal);
      living.delete(scratch);
    },
  };
  living.add(scratch);
  return scratch;
}

/** The scratch folders of this process. */
const living = new Set<Scratch>();

/** Paths of the scratch folders of this process: what they started has one of them among its arguments. */
export const scratchPaths = (): readonly string[] => [...living].map(({ path }) => path);

/** Ends every scratch folder of this process at once: each is tried, whatever becomes of the others. */
export function endAllNow(): void {
  for (const scratch of living) {
    try {
      scratch.endNow();
    } catch {
      // The next run finds and removes what is left.
    }
  }
}

function describeSelf(): Owner {
  const self = identifyProcess(process.pid);
  if (self === null) throw new InfrastructureError({ what: `Cannot read "/proc/${process.pid}/stat"` });
  return { ...self, realm: readProcessRealm() };
}
