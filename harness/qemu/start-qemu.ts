/** Starts QEMU: process, monitor, console and ports. The guest is then on its way, and nothing is plugged in. */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import { ClosedError } from "../errors/harness-error.ts";
import { ResourceScope } from "../lifecycle/resource-scope.ts";
import type { Scratch } from "../lifecycle/scratch.ts";
import { killGroup } from "../lifecycle/kill-group.ts";
import { killLimit, startProcess, type StartedProcess } from "../lifecycle/start-process.ts";
import { QmpClient } from "../qmp/qmp-client.ts";
import { withLimit } from "../wait/with-limit.ts";
import { acceptOne, type Acceptor } from "./accept-one.ts";
import { recordConsole } from "./console-recorder.ts";
import { describeEnd } from "./describe-end.ts";
import { EndError } from "./end-error.ts";
import { buildCommandLine, consoleSocket, monitorSocket, portSocket, type MachineDefinition } from "./machine.ts";
import type { StartedQemu } from "./started-qemu.ts";
import { TailText } from "./tail-text.ts";
import { watchEnd } from "./watch-end.ts";

/** Limit for a QEMU that closed its monitor to exit and say why, in milliseconds. */
const exitLimit = 1_000;
/** Bytes of QEMU's standard error that are kept. */
const stderrLimit = 16 * 1024;

/** Where a machine lives. */
export interface QemuPlace {
  readonly scratch: Scratch;
  /** Limit for QEMU to connect its sockets, and to answer on its monitor, in milliseconds. */
  readonly startLimit: number;
  /** File for what the guest writes to its console; one in the machine's folder where absent. */
  readonly consoleFile?: string;
}

/**
 * Starts a machine.
 * @throws {EndError} with QEMU's own words where it ends before its monitor answers; {TimeLimitError}
 */
export async function startQemu(
  machine: MachineDefinition,
  place: QemuPlace,
  signal: AbortSignal,
): Promise<StartedQemu> {
  signal.throwIfAborted();
  await using scope = new ResourceScope();
  const folder = await place.scratch.createFolder("m");
  // Media are large, and a run has many machines.
  scope.defer(`folder ${folder}`, () => rm(folder, { recursive: true, force: true }));
  const listen = async (name: string): Promise<Acceptor> =>
    scope.use(`socket ${name}`, await acceptOne(join(folder, name)));
  const monitor = await listen(monitorSocket);
  const terminal = await listen(consoleSocket);
  const listening = await Promise.all(machine.ports.map((port) => listen(portSocket(port))));

  const commandLine = buildCommandLine(machine, { folder, sockets: "connect" });
  const process = startProcess(commandLine, machine.qemu.environment, place.scratch);
  scope.defer("QEMU", () => endProcess(process));
  const stderr = new TailText(stderrLimit);
  process.stderr.on("data", (chunk: Buffer) => {
    stderr.push(chunk);
  });
  const death = process.then(({ exitCode, signal: by, shortMessage }) => {
    const words = process.pid === undefined ? (shortMessage ?? "") : stderr.textFrom(0);
    const end = { kind: "exited", code: exitCode ?? null, signal: by ?? null, stderr: words } as const;
    return new EndError(end, {
      what: `Cannot start QEMU "${machine.qemu.argv.join(" ")}": it ${describeEnd(end)}`,
      remedy: "Run zhil doctor to see whether this QEMU can be used",
    });
  });

  const connect = async (): Promise<Omit<StartedQemu, typeof Symbol.asyncDispose>> => {
    const wait = {
      what: "QEMU to connect its sockets",
      limit: place.startLimit,
      signal,
      ...(process.pid === undefined ? {} : { pid: process.pid }),
      lastSeen: () => stderr.textFrom(0) || "nothing on its standard error",
    };
    const [monitorEnd, consoleEnd, ...portEnds] = await withLimit(wait, () =>
      Promise.all([monitor.connection, terminal.connection, ...listening.map((each) => each.connection)]),
    );
    const console = recordConsole(consoleEnd, place.consoleFile ?? join(folder, "console.log"));
    const qmp = scope.use("QEMU's monitor", new QmpClient(monitorEnd, process.pid));
    const ended = watchEnd({ process, qmp, console, stderr });
    await qmp.negotiate(place.startLimit, signal);
    const ports = new Map(machine.ports.map((port, index) => [port, portEnds[index] as Duplex]));
    return { pid: process.pid ?? 0, version: qmp.version, commandLine, folder, qmp, console, ports, ended };
  };
  try {
    const connected = await Promise.race([
      connect(),
      death.then((error) => {
        throw error;
      }),
    ]);
    scope.defer("QEMU, its sockets still connected", () => endProcess(process));
    const kept = scope.move();
    return { ...connected, [Symbol.asyncDispose]: () => kept[Symbol.asyncDispose]() };
  } catch (error) {
    if (!(error instanceof ClosedError)) throw error;
    // Its sockets close a moment before QEMU is gone, and only its end tells why.
    const wait = { what: "QEMU to exit", limit: exitLimit, signal };
    throw await withLimit(wait, () => death).catch(() => error);
  }
}

/** Ends QEMU at once: nothing on a throwaway machine is worth saving. */
async function endProcess(process: StartedProcess): Promise<void> {
  if (process.pid === undefined) return;
  if (process.exitCode === null && process.signalCode === null) killGroup(process.pid);
  const never = new AbortController().signal;
  const wait = { what: `killed process ${process.pid} to be gone`, limit: killLimit, signal: never };
  await withLimit(wait, async () => process);
}
