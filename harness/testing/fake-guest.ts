/** A guest on a fake host: what is behind the sockets of its QEMU, and the agent that is started on the host. */
import type { Duplex } from "node:stream";
import type { ServerChannel } from "ssh2";
import { encodeFrame, FrameSplitter } from "../agent/frames.ts";
import { hostPaths } from "../passthrough/guest-machine.ts";
import type { FakeBehaviour } from "./fake-ssh-host.ts";

/** A message as an object. */
export type Message = Readonly<Record<string, unknown>>;

/** What a fake guest was asked, and how it can be made to speak. */
export interface FakeGuest {
  readonly behaviour: FakeBehaviour;
  /** Everything that anybody was asked, in order: `host bind`, `guest seed`, `qmp device_add`. */
  readonly asked: string[];
  /** Fields of the commands for QEMU's monitor, in order. */
  readonly commands: Message[];
  /** Has QEMU tell of an event. */
  tell(event: Message): void;
  /** What the host's agent shows of the functions when it looks: one after the other, the last one from then on. */
  show(...functions: readonly Message[]): void;
  /** Has the console say something. */
  print(text: string): void;
}

const answer = { result: "OK", values: {}, micros: 1, functions: {}, messages: [], log: [], dropped: 0, memory: {} };

const now = { seconds: 0, microseconds: 0 };

/** Makes one, whose QEMU has `devices`; `refusing` names a request that is answered with an errno. */
export function makeFakeGuest(
  refusing?: { readonly asked: string; readonly result: string },
  devices: readonly string[] = [],
): FakeGuest {
  const asked: string[] = [];
  const commands: Message[] = [];
  const monitors: Duplex[] = [];
  const consoles: Duplex[] = [];
  let shown: Message[] = [];
  const say = (to: Duplex, message: Message): void => void to.write(`${JSON.stringify(message)}\n`);
  const serveMonitor = (channel: ServerChannel): void => {
    monitors.push(channel);
    say(channel, { QMP: { version: { qemu: { major: 11, minor: 1, micro: 3 }, package: "" }, capabilities: [] } });
    readLines(channel, (line) => {
      const { execute, arguments: fields, id } = JSON.parse(line) as Message & { readonly execute: string };
      asked.push(`qmp ${execute}`);
      if (execute === "device_add" || execute === "set-action") commands.push(fields as Message);
      say(channel, { return: execute === "qom-list" ? devices.map((name) => ({ name })) : {}, id });
      if (execute === "system_reset") say(channel, { event: "RESET", data: { guest: false }, timestamp: now });
    });
  };
  const serveAgent = (who: string, channel: ServerChannel): void => {
    channel.write(encodeFrame({ hello: 1, kernel: "7.2.13", agent: "0.1.0", cpus: 1 }));
    const frames = new FrameSplitter();
    channel.on("data", (chunk: Buffer) => {
      for (const body of frames.push(chunk)) {
        const { id, op } = JSON.parse(body.toString("utf8")) as { readonly id: number; readonly op: string };
        asked.push(`${who} ${op}`);
        const result = refusing?.asked === `${who} ${op}` ? refusing.result : "OK";
        const functions =
          who === "host" && op === "look" ? ((shown.length > 1 ? shown.shift() : shown[0]) ?? {}) : {};
        channel.write(encodeFrame({ ...answer, id, result, functions }));
      }
    });
  };
  const serveGuestAgent = (channel: ServerChannel): void => {
    serveAgent("guest", channel);
  };
  return {
    ...{ asked, commands },
    behaviour: {
      onSocket: (path) => {
        if (path === hostPaths.monitor) return serveMonitor;
        if (path === hostPaths.worker) return serveGuestAgent;
        if (path === hostPaths.supervisor) return (channel) => void channel.resume();
        if (path === hostPaths.console) return (channel) => void consoles.push(channel);
        return null;
      },
      onCommand: (line, channel) => {
        asked.push(`run ${line.split(" ")[0] ?? ""}`);
        if (line.startsWith(hostPaths.agent)) {
          serveAgent("host", channel);
          return;
        }
        channel.exit(refusing?.asked === "run" ? 1 : 0);
        channel.end();
      },
    },
    tell: (event) => {
      for (const monitor of monitors) say(monitor, event);
    },
    show: (...functions) => {
      shown = [...functions];
    },
    print: (text) => {
      for (const console of consoles) console.write(text);
    },
  };
}

function readLines(stream: Duplex, take: (line: string) => void): void {
  let rest = "";
  stream.on("data", (chunk: Buffer) => {
    const lines = (rest + chunk.toString("utf8")).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) take(line);
  });
}
