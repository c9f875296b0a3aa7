/** The guest on a host, from here: its monitor, console and agent, each by a channel to a socket of the host. */
import { join } from "node:path";
import { InfrastructureError } from "../errors/harness-error.ts";
import { AgentClient } from "../agent/agent-client.ts";
import type { AgentHello } from "../agent/answers.ts";
import { WatchClient } from "../agent/watch-client.ts";
import type { ResourceScope } from "../lifecycle/resource-scope.ts";
import { recordConsole } from "../qemu/console-recorder.ts";
import type { ConsoleRecord, MachineEnd, StartedQemu } from "../qemu/started-qemu.ts";
import { QmpClient } from "../qmp/qmp-client.ts";
import type { SshClient } from "../ssh/ssh-client.ts";
import { giveIdentity } from "../template/freeze-agent.ts";
import { hostPaths } from "./guest-machine.ts";

/** Limits in milliseconds: for the monitor to greet, for the agent to answer. */
const greetLimit = 30_000;
const answerLimit = 60_000;

/** What connecting takes. */
export interface GuestConnection {
  readonly client: SshClient;
  /** The machine that the host is. */
  readonly outer: StartedQemu;
  /** File for what the guest writes to its console; one in the machine's folder where absent. */
  readonly consoleFile?: string | undefined;
  /** Milliseconds for the agent to say hello. */
  readonly boot: number;
  readonly scope: ResourceScope;
  readonly signal: AbortSignal;
}

/** A guest's agent, and who watches over it. */
export interface MetAgent {
  readonly agent: AgentClient;
  readonly watch: WatchClient;
  readonly hello: AgentHello;
}

/** A guest that is connected. */
export interface ConnectedGuest extends MetAgent {
  readonly machine: StartedQemu;
  /** Aborted when the guest's QEMU has stopped it for good, and says why. */
  readonly stopped: AbortSignal;
}

/**
 * Connects to the guest, whose agent then has numbers and a clock of its own.
 * @throws {HarnessError} where one of its sockets is not there, or nobody answers
 */
export async function connectGuest(connection: GuestConnection): Promise<ConnectedGuest> {
  const { client, outer, scope, signal, boot } = connection;
  // The console first: what the guest says while nobody listens is lost.
  const terminal = await client.connectTo(hostPaths.console, signal);
  const console = recordConsole(terminal, connection.consoleFile ?? join(outer.folder, "guest-console.log"));
  const monitor = await client.connectTo(hostPaths.monitor, signal);
  const qmp = scope.use("guest's monitor", new QmpClient(monitor));
  const ended = watchGuest(qmp, console, monitor, outer);
  const stopped = new AbortController();
  qmp.subscribe(({ event }) => {
    if (event === "STOP") stopped.abort(new InfrastructureError({ what: "The guest's QEMU has stopped it" }));
  });
  await qmp.negotiate(greetLimit, signal);
  const met = await meetAgent({ client, boot, scope, signal });
  const machine: StartedQemu = {
    ...{ pid: outer.pid, version: qmp.version, commandLine: [], folder: outer.folder, ports: new Map() },
    ...{ qmp, console, ended },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
  return { ...met, machine, stopped: stopped.signal };
}

/**
 * Connects to a guest's agent, which then has numbers and a clock of its own.
 * @throws {HarnessError} where its sockets are not there, or nobody answers
 */
export async function meetAgent({
  client,
  boot,
  scope,
  signal,
}: Pick<GuestConnection, "client" | "boot" | "scope" | "signal">): Promise<MetAgent> {
  const agent = scope.use(
    "guest's agent's channel",
    new AgentClient(await client.connectTo(hostPaths.worker, signal)),
  );
  const watch = scope.use(
    "guest's supervisor's channel",
    new WatchClient(await client.connectTo(hostPaths.supervisor, signal)),
  );
  const hello = await agent.waitForHello(AbortSignal.any([signal, watch.workerEnded]), boot);
  await giveIdentity(agent, signal, answerLimit);
  return { agent, watch, hello };
}

/** How the guest comes to its end: as its QEMU says, without it, or with the host. */
function watchGuest(
  qmp: QmpClient,
  console: ConsoleRecord,
  monitor: NodeJS.EventEmitter,
  outer: StartedQemu,
): Promise<MachineEnd> {
  return new Promise((resolve) => {
    qmp.subscribe(({ event, data }) => {
      const { reason } = data;
      if (event === "GUEST_PANICKED") {
        // What the guest said last is on its way beside the monitor's words: an answer later it is there.
        const settle = (): void => {
          resolve({ kind: "panicked", console: console.textFrom(0) });
        };
        qmp.execute("query-status", {}, new AbortController().signal).then(settle, settle);
      } else if (event === "SHUTDOWN") {
        resolve({ kind: "powered-off", reason: typeof reason === "string" ? reason : "unknown" });
      }
    });
    monitor.once("close", () => {
      resolve({ kind: "exited", code: null, signal: null, stderr: "its monitor closed" });
    });
    void outer.ended.then(resolve);
  });
}
