/** Records what a guest writes to its console. The console is evidence, never a channel. */
import { closeSync, openSync, writeSync } from "node:fs";
import type { Readable } from "node:stream";
import type { ConsoleRecord } from "./started-qemu.ts";
import { TailText } from "./tail-text.ts";

/** Bytes of a console that the file keeps. */
const fileLimit = 4 * 1024 * 1024;
/** Bytes of its end that are kept in memory. */
const tailLimit = 64 * 1024;

/** A console being recorded, until its stream ends. */
export interface ConsoleRecorder extends ConsoleRecord {
  /** Resolves when nothing more will come. */
  readonly ended: Promise<void>;
}

/**
 * Records a console into a file. Beyond the limit it is read on, so that the guest is not held up, but only its last
 * part is kept, in memory.
 */
export function recordConsole(stream: Readable, path: string): ConsoleRecorder {
  const tail = new TailText(tailLimit);
  let file = { path, descriptor: openSync(path, "w", 0o600), begin: 0 };
  let dropped = 0;
  let closed = false;
  stream.on("data", (chunk: Buffer) => {
    const room = Math.max(0, fileLimit - (tail.position - file.begin));
    // Written at once: what a guest said before its host died is worth most.
    dropped += chunk.length - writeSome(file.descriptor, chunk.subarray(0, room));
    tail.push(chunk);
  });
  const ended = new Promise<void>((resolve) => {
    stream.once("close", () => {
      closed = true;
      closeSync(file.descriptor);
      resolve();
    });
  });
  return {
    ended,
    get path() {
      return file.path;
    },
    get position() {
      return tail.position;
    },
    get dropped() {
      return dropped;
    },
    textFrom: (position) => tail.textFrom(position),
    continueIn: (next) => {
      if (closed) return;
      const descriptor = openSync(next, "w", 0o600);
      closeSync(file.descriptor);
      file = { path: next, descriptor, begin: tail.position };
    },
  };
}

/** Writes as much as can be written, and says how much that was: a full disk is no reason to hold the guest up. */
function writeSome(descriptor: number, bytes: Buffer): number {
  try {
    return bytes.length === 0 ? 0 : writeSync(descriptor, bytes);
  } catch {
    return 0;
  }
}
