/** A connection to a host by SSH: commands, files, and channels to sockets there. */
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import ssh, { type Client, type ClientChannel, type ConnectConfig, type SFTPWrapper } from "ssh2";
import { ClosedError, InfrastructureError, type HarnessError } from "../errors/harness-error.ts";
import { escapeLine } from "../report/escape.ts";
import { withLimit } from "../wait/with-limit.ts";
import { fingerprintOf, isSameKey, listAlgorithms } from "./host-key.ts";
import { runOn, type CommandOptions, type CommandResult } from "./run-on.ts";
import { SftpFiles } from "./sftp-files.ts";
import { spellCommand, type RemoteCommand } from "./spell-command.ts";
import { describeHost, usualSshLimits, type SshHost, type SshLimits } from "./ssh-host.ts";

/** Milliseconds between signs of life, and how many may stay without an answer. */
const aliveInterval = 10_000;
const aliveCount = 3;

/**
 * A connection. Once it has ended, however, every call is refused with the reason, and every channel closes.
 */
export class SshClient implements Disposable {
  readonly #client: Client;
  readonly #host: SshHost;
  readonly #limits: SshLimits;
  readonly #closed = new AbortController();

  private constructor(client: Client, host: SshHost, limits: SshLimits) {
    this.#client = client;
    this.#host = host;
    this.#limits = limits;
  }

  /**
   * Connects. The host proves the key that is known of it, and we prove ours: there is no password, and no question is asked.
   * @throws {InfrastructureError} where the host cannot be reached, is not who it should be, or does not let us in;
   *   {TimeLimitError}; the signal's reason where it is aborted
   */
  static async connect(host: SshHost, signal: AbortSignal, limits: Partial<SshLimits> = {}): Promise<SshClient> {
    const client = new ssh.Client();
    const connection = new SshClient(client, host, { ...usualSshLimits, ...limits });
    const what = `host ${describeHost(host)} to let us in`;
    try {
      await withLimit({ what, limit: connection.#limits.connect, signal }, (over) => connection.#greet(over));
    } catch (error) {
      client.destroy();
      throw error;
    }
    return connection;
  }

  /** Aborted, with the error as its reason, when the connection can no longer be used. */
  get closed(): AbortSignal {
    return this.#closed.signal;
  }

  /**
   * Runs a command to its end, whatever its exit code.
   * @throws {InfrastructureError} where it says more than it may, or the host does not tell how it ended; {ClosedError} where
   *   the connection ends first; {TimeLimitError}
   */
  async run(command: RemoteCommand, options: CommandOptions): Promise<CommandResult> {
    const channel = await this.start(command, options.signal);
    const signal = AbortSignal.any([options.signal, this.#closed.signal]);
    return runOn(channel, command, { ...options, signal });
  }

  /**
   * Starts a command whose standard streams are a channel's two directions.
   * @throws {InfrastructureError} where the host refuses it, or a word of it would mean something to a shell; {TimeLimitError}
   */
  start(command: RemoteCommand, signal: AbortSignal): Promise<ClientChannel> {
    const line = spellCommand(command);
    return this.#open(`run "${command[0]}"`, signal, (done) => this.#client.exec(line, done));
  }

  /**
   * A channel to a Unix socket of the host.
   * @throws {InfrastructureError} where nobody listens there, or the host does not forward; {TimeLimitError}
   */
  async connectTo(path: string, signal: AbortSignal): Promise<Duplex> {
    const channel = await this.#open<Duplex>(`connect to "${path}"`, signal, (done) =>
      this.#client.openssh_forwardOutStreamLocal(path, done),
    );
    // Of a process that has died a server only says that no more will come: the channel closes when both sides have said so.
    channel.once("end", () => channel.end());
    return channel;
  }

  /**
   * The host's files, by SFTP.
   * @throws {InfrastructureError} where the host has no SFTP; {TimeLimitError}
   */
  async files(signal: AbortSignal): Promise<SftpFiles> {
    const sftp = await this.#open<SFTPWrapper>("use SFTP", signal, (done) => this.#client.sftp(done));
    return new SftpFiles(sftp, this.#closed.signal);
  }

  /** Ends the connection at once, and with it every channel. */
  [Symbol.dispose](): void {
    this.#close(
      new ClosedError({ what: `Cannot use host ${describeHost(this.#host)}: the connection was ended here` }),
    );
  }

  async #greet(over: AbortSignal): Promise<void> {
    const host = this.#host;
    const what = `Cannot connect to host ${describeHost(host)}`;
    const socket = await reach(host, what, over);
    let presented: Buffer | null = null;
    const ready = new Promise<void>((resolve, reject) => {
      this.#client.on("ready", resolve);
      this.#client.on("error", (cause) => {
        const error = explain(what, host, presented, cause);
        reject(error);
        this.#close(error);
      });
      this.#client.on("close", () => {
        const error = new ClosedError({ what: `Cannot use host ${describeHost(host)}: the connection ended` });
        reject(error);
        this.#close(error);
      });
    });
    this.#client.connect({
      ...{ sock: socket, username: host.user, ...identify(host) },
      algorithms: { serverHostKey: [...listAlgorithms(host.hostKey)] },
      hostVerifier: (key: Buffer) => {
        presented = key;
        return isSameKey(host.hostKey, key);
      },
      // The limit is ours.
      ...{ readyTimeout: 0, keepaliveInterval: aliveInterval, keepaliveCountMax: aliveCount },
    });
    await ready;
  }

  /** Has a channel opened; one that comes too late is closed. */
  async #open<C extends { end(): unknown }>(
    purpose: string,
    signal: AbortSignal,
    begin: (done: (error: Error | undefined, channel: C) => void) => unknown,
  ): Promise<C> {
    this.#closed.signal.throwIfAborted();
    const either = AbortSignal.any([signal, this.#closed.signal]);
    const host = describeHost(this.#host);
    const wait = { what: `host ${host} to let us ${purpose}`, limit: this.#limits.open, signal: either };
    return withLimit(
      wait,
      (over) =>
        new Promise<C>((resolve, reject) => {
          begin((cause, channel) => {
            if (cause !== undefined) {
              const said = escapeLine(cause.message);
              reject(new InfrastructureError({ what: `Cannot ${purpose} on host ${host}: ${said}`, cause }));
            } else if (over.aborted) {
              channel.end();
            } else {
              resolve(channel);
            }
          });
        }),
    );
  }

  #close(reason: HarnessError): void {
    if (this.#closed.signal.aborted) return;
    this.#closed.abort(reason);
    this.#client.destroy();
  }
}

/** A connection to the host's port. */
async function reach({ address, port }: SshHost, what: string, over: AbortSignal): Promise<Socket> {
  const socket = connect({ host: address, port, noDelay: true });
  try {
    await once(socket, "connect", { signal: over });
    return socket;
  } catch (cause) {
    socket.destroy();
    over.throwIfAborted();
    const remedy = "Look whether the host is up, and whether its SSH server listens there";
    throw new InfrastructureError({ what, remedy, cause });
  }
}

/** Our side of the identification; nothing else is tried. */
function identify({ identity }: SshHost): Pick<ConnectConfig, "privateKey" | "agent" | "authHandler"> {
  return "agent" in identity
    ? { agent: identity.agent, authHandler: ["agent"] }
    : { privateKey: identity.privateKey, authHandler: ["publickey"] };
}

/** What went wrong, in the words of whoever has to do something about it. */
function explain(
  what: string,
  { hostKey, user }: SshHost,
  presented: Buffer | null,
  cause: Error & { readonly level?: string },
): HarnessError {
  if (presented !== null && !isSameKey(hostKey, presented)) {
    return new InfrastructureError({
      what: `${what}: it has the key ${fingerprintOf(presented)}, and ${fingerprintOf(hostKey.blob)} is known of it`,
      remedy: "Find out why: another machine may be in its place. Only then tell the new key",
      cause,
    });
  }
  if (cause.level === "client-authentication") {
    return new InfrastructureError({
      what: `${what}: it does not let "${user}" in with our key`,
      remedy: `Add the public key to the authorized_keys of "${user}" there`,
      cause,
    });
  }
  const said = escapeLine(cause.message);
  return new ClosedError({ what: `${what}: ${said}`, cause });
}
