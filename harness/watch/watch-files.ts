/** Files that are watched: whoever asks is told which of them changed since the last time. */
import { EventEmitter, once } from "node:events";
import { basename } from "node:path";
import { watch, type FSWatcher } from "chokidar";
import { InfrastructureError } from "../errors/harness-error.ts";

/** Milliseconds that a file has had one size: a kernel is written for a while. */
const settledAfter = 200;
/** Folders in which nothing is watched: what runs leave behind, packages, what is hidden. */
const isOutOfBounds = (path: string): boolean =>
  ["node_modules", "zhil-runs", "zhil-nights"].includes(basename(path)) || basename(path).startsWith(".git");

/** Watches files, and folders with all that is in them, until disposed. */
export class FileWatcher implements AsyncDisposable {
  readonly #watcher: FSWatcher;
  readonly #told = new EventEmitter();
  #changed = new Set<string>();
  #broken: unknown = null;

  private constructor(paths: readonly string[]) {
    this.#watcher = watch([...paths], {
      ignored: isOutOfBounds,
      ignoreInitial: true,
      awaitWriteFinish: { stabilityThreshold: settledAfter, pollInterval: 50 },
    });
    this.#watcher.on("all", (_, path) => {
      this.#changed.add(path);
      this.#told.emit("told");
    });
    this.#watcher.on("error", (error) => {
      this.#broken = error;
      this.#told.emit("told");
    });
  }

  /**
   * Begins to watch; what changes from then on is told. What is not there yet is told of when it comes.
   * @throws {InfrastructureError} where they cannot be watched; the signal's reason where it is aborted
   */
  static async open(paths: readonly string[], signal: AbortSignal): Promise<FileWatcher> {
    signal.throwIfAborted();
    const opened = new FileWatcher(paths);
    try {
      await once(opened.#watcher, "ready", { signal });
      return opened;
    } catch (error) {
      await opened[Symbol.asyncDispose]();
      signal.throwIfAborted();
      throw unwatchable(error);
    }
  }

  /**
   * Waits until something has changed since the last call, for as long as that takes; gives the paths.
   * @throws {InfrastructureError} where watching ended; the signal's reason where it is aborted
   */
  async changes(signal: AbortSignal): Promise<ReadonlySet<string>> {
    signal.throwIfAborted();
    if (this.#changed.size === 0 && this.#broken === null) {
      await once(this.#told, "told", { signal }).catch((error: unknown) => {
        signal.throwIfAborted();
        throw error;
      });
    }
    if (this.#broken !== null) throw unwatchable(this.#broken);
    const changed = this.#changed;
    this.#changed = new Set();
    return changed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#watcher.close();
  }
}

const unwatchable = (cause: unknown): InfrastructureError =>
  new InfrastructureError({
    what: "Cannot watch the files",
    remedy: "Where their number is too high, raise fs.inotify.max_user_watches",
    cause,
  });
