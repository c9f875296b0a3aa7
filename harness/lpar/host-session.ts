/** The connection to a real host, made anew where it was lost: what the host is left with is told by its lease, not by a connection. */
import { SshClient } from "../ssh/ssh-client.ts";
import type { SshHost, SshLimits } from "../ssh/ssh-host.ts";

/** A connection for as long as a run takes. */
export class HostSession implements Disposable {
  readonly #host: SshHost;
  readonly #limits: Partial<SshLimits>;
  #client: Promise<SshClient> | null = null;

  constructor(host: SshHost, limits: Partial<SshLimits> = {}) {
    this.#host = host;
    this.#limits = limits;
  }

  /**
   * The connection that there is, or a new one.
   * @throws {HarnessError} where the host does not let us in; the next call tries again
   */
  async connect(signal: AbortSignal): Promise<SshClient> {
    const known = await this.#client?.catch(() => null);
    if (known !== undefined && known !== null && !known.closed.aborted) return known;
    const client = SshClient.connect(this.#host, signal, this.#limits);
    this.#client = client;
    return client;
  }

  [Symbol.dispose](): void {
    this.#client?.then(
      (client) => {
        client[Symbol.dispose]();
      },
      () => undefined,
    );
  }
}
