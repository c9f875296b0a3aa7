/** Files of a host. What is sent appears under its name when all of it is there, or not at all. */
import { randomBytes } from "node:crypto";
import { stat } from "node:fs/promises";
import type { SFTPWrapper } from "ssh2";
import { InfrastructureError } from "../errors/harness-error.ts";
import { escapeLine } from "../report/escape.ts";
import { withLimit } from "../wait/with-limit.ts";

/** Requests that are under way at once while a file is sent. */
const concurrency = 16;

/** How a file is sent. */
export interface SendOptions {
  /** Permissions of the file there. */
  readonly mode: number;
  readonly signal: AbortSignal;
  /** Milliseconds, before ZHIL_TIME_SCALE. */
  readonly limit: number;
}

/** An SFTP session; it ends with its connection or when disposed. */
export class SftpFiles implements Disposable {
  readonly #sftp: SFTPWrapper;
  readonly #closed: AbortSignal;

  constructor(sftp: SFTPWrapper, closed: AbortSignal) {
    this.#sftp = sftp;
    this.#closed = closed;
    // Whoever waits is told by what it waits for.
    sftp.on("error", () => undefined);
  }

  /**
   * Sends a file of this machine.
   * @throws {InfrastructureError} where the host does not take all of it; {ClosedError}; {TimeLimitError}
   */
  async send(local: string, path: string, options: SendOptions): Promise<void> {
    const { size } = await stat(local);
    await this.#place(path, size, options, (unfinished) =>
      this.#ask(`send "${path}"`, options, (done) => {
        this.#sftp.fastPut(local, unfinished, { mode: options.mode, concurrency }, done);
      }),
    );
  }

  /**
   * Sends some bytes as a file.
   * @throws {InfrastructureError} where the host does not take all of them; {ClosedError}; {TimeLimitError}
   */
  async write(path: string, bytes: string | Uint8Array, options: SendOptions): Promise<void> {
    const content = Buffer.from(bytes);
    await this.#place(path, content.length, options, (unfinished) =>
      this.#ask(`write "${path}"`, options, (done) => {
        this.#sftp.writeFile(unfinished, content, { mode: options.mode, flag: "wx" }, done);
      }),
    );
  }

  /**
   * Removes a file; one that is not there is no error.
   * @throws {InfrastructureError} where the host does not; {ClosedError}; {TimeLimitError}
   */
  async remove(path: string, options: Omit<SendOptions, "mode">): Promise<void> {
    await this.#ask(`remove "${path}"`, options, (done) => {
      this.#sftp.unlink(path, (error) => {
        done(isMissing(error) ? undefined : error);
      });
    });
  }

  /**
   * Makes a folder that nobody else may look into, where there is none.
   * @throws {InfrastructureError} where the host does not; {ClosedError}; {TimeLimitError}
   */
  async makeFolder(path: string, options: Omit<SendOptions, "mode">): Promise<void> {
    await this.#ask(`make the folder "${path}"`, options, (done) => {
      this.#sftp.mkdir(path, { mode: 0o700 }, (cause) => {
        if (cause === undefined || cause === null) done();
        // SFTP does not tell that it is there already.
        else {
          this.#sftp.stat(path, (error, stats) => {
            done(error === undefined && stats.isDirectory() ? undefined : cause);
          });
        }
      });
    });
  }

  [Symbol.dispose](): void {
    this.#sftp.end();
  }

  /** Sends under another name, looks whether all is there, and gives it its own. */
  async #place(
    path: string,
    size: number,
    options: SendOptions,
    send: (unfinished: string) => Promise<void>,
  ): Promise<void> {
    const unfinished = `${path}.${randomBytes(6).toString("hex")}`;
    try {
      await send(unfinished);
      let sent = -1;
      await this.#ask(`look at "${path}"`, options, (done) => {
        this.#sftp.stat(unfinished, (error, stats) => {
          // Where there is an error there are none.
          sent = error === undefined ? stats.size : -1;
          done(error);
        });
      });
      if (sent !== size) {
        const what = `Cannot send "${path}": ${sent} of ${size} bytes arrived`;
        throw new InfrastructureError({ what, remedy: "Make room on the host" });
      }
      // SFTP's own rename puts nothing in the place of what is there.
      await this.remove(path, options);
      await this.#ask(`put "${path}" in its place`, options, (done) => {
        this.#sftp.rename(unfinished, path, done);
      });
    } catch (error) {
      // Best effort: the connection may be what broke.
      this.#sftp.unlink(unfinished, () => undefined);
      throw error;
    }
  }

  async #ask(
    purpose: string,
    { signal, limit }: Omit<SendOptions, "mode">,
    begin: (done: (error?: Error | null) => void) => void,
  ): Promise<void> {
    this.#closed.throwIfAborted();
    const either = AbortSignal.any([signal, this.#closed]);
    await withLimit(
      { what: `the host to ${purpose}`, limit, signal: either },
      () =>
        new Promise<void>((resolve, reject) => {
          begin((cause) => {
            if (cause === undefined || cause === null) {
              resolve();
              return;
            }
            const said = escapeLine(cause.message);
            reject(new InfrastructureError({ what: `Cannot ${purpose} on the host: ${said}`, cause }));
          });
        }),
    );
  }
}

/** SSH_FX_NO_SUCH_FILE. */
const isMissing = (error: unknown): boolean =>
  typeof error === "object" && error !== null && "code" in error && error.code === 2;
