/** The agent on a real host: sent there, started while the lease is ours, gone with its channel. */
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { AgentClient } from "../agent/agent-client.ts";
import type { AgentAnswer } from "../agent/answers.ts";
import { ClosedError, FencedError, InfrastructureError } from "../errors/harness-error.ts";
import type { SshClient } from "../ssh/ssh-client.ts";
import { withLimit } from "../wait/with-limit.ts";
import type { HostConfig } from "./host-config.ts";
import { asRoot, scriptPath } from "./run-script.ts";

/** Limits in milliseconds: for a file to be sent, an agent to say hello, to end. */
const sendLimit = 60_000;
const helloLimit = 30_000;
const endLimit = 5_000;
/** How `guests/lpar/guard` ends where it lets nobody through. */
const busyCode = 75;
const fencedCode = 76;

type Channel = Awaited<ReturnType<SshClient["start"]>>;

/** What the agent is started with. */
export interface AgentPlace {
  readonly client: SshClient;
  readonly config: Pick<HostConfig, "folder" | "sudo">;
  readonly signal: AbortSignal;
}

/**
 * Makes the folder on the host that all of a run is in.
 * @throws {HarnessError} where the host does not
 */
export async function makeHostFolder({ client, config, signal }: AgentPlace): Promise<void> {
  using files = await client.files(signal);
  await files.makeFolder(config.folder, { limit: sendLimit, signal });
}

/**
 * Sends the agent, and what starts it.
 * @throws {HarnessError} where the host does not take all of it
 */
export async function sendAgent(program: Uint8Array, { client, config, signal }: AgentPlace): Promise<void> {
  using files = await client.files(signal);
  const options = { mode: 0o700, limit: sendLimit, signal };
  await files.write(`${config.folder}/guard`, await readFile(scriptPath("guard")), options);
  await files.write(`${config.folder}/agent`, program, options);
}

/** An agent that runs on a host. Disposing it waits until it has ended, as far as it does. */
export class HostAgent implements AsyncDisposable {
  readonly #client: AgentClient;
  readonly #channel: Channel;
  readonly #closed: Promise<unknown>;

  private constructor(client: AgentClient, channel: Channel, closed: Promise<unknown>) {
    this.#client = client;
    this.#channel = channel;
    this.#closed = closed;
  }

  /**
   * Starts it, as root only where functions are to be touched.
   * @throws {FencedError} where the lease is somebody else's; {InfrastructureError} where it does not say hello
   */
  static async start(token: number, touches: boolean, { client, config, signal }: AgentPlace): Promise<HostAgent> {
    const { folder, sudo } = config;
    const command = ["sh", `${folder}/guard`, String(token), `${folder}/agent`, "--stdio"] as const;
    const channel = await client.start(asRoot(sudo && touches, command), signal);
    const ended: { code: number | null } = { code: null };
    channel.on("exit", (code: number | null) => {
      ended.code = code;
    });
    channel.stderr.resume();
    const closed = once(channel, "close").catch(() => undefined);
    const agent = new AgentClient(channel);
    try {
      await agent.waitForHello(signal, helloLimit);
    } catch (error) {
      agent[Symbol.dispose]();
      if (error instanceof ClosedError && ended.code !== null) throw explain(ended.code, error);
      throw error;
    }
    return new HostAgent(agent, channel, closed);
  }

  /** As {@link AgentClient.request}. */
  request(
    op: string,
    fields: Readonly<Record<string, unknown>>,
    signal: AbortSignal,
    limit: number,
  ): Promise<AgentAnswer> {
    return this.#client.request(op, fields, signal, limit);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Its end of file: it answers what it was asked, and ends.
    this.#channel.end();
    const wait = { what: "the agent to end", limit: endLimit, signal: new AbortController().signal };
    await withLimit(wait, () => this.#closed).catch(() => undefined);
    this.#client[Symbol.dispose]();
  }
}

function explain(code: number, cause: ClosedError): Error {
  if (code === fencedCode)
    return new FencedError({ what: "Refused: the lease of the host is somebody else's", cause });
  const what =
    code === busyCode
      ? "Cannot start the agent: one of an earlier scenario still runs on the host"
      : `Cannot start the agent on the host: it ended with exit code ${code}`;
  return new InfrastructureError({ what, remedy: "Look what holds it there: it may hang in the kernel", cause });
}
