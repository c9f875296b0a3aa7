import type { Duplex } from "node:stream";
import { expect, it } from "vitest";
import { ClosedError, InfrastructureError, TimeLimitError } from "../errors/harness-error.ts";
import { makeStreamPair } from "../testing/stream-pair.ts";
import { QmpClient } from "./qmp-client.ts";

const never = new AbortController().signal;
const greeting = { QMP: { version: { qemu: { major: 11, minor: 1, micro: 3 }, package: "" }, capabilities: [] } };

interface Monitor {
  readonly client: QmpClient;
  /** QEMU's end. */
  readonly end: Duplex;
  /** Commands received after the handshake. */
  readonly commands: { execute: string; arguments: unknown; id: number }[];
  readonly say: (message: unknown) => void;
}

/** A connected client, and QEMU's end for the test to play. */
async function openMonitor(): Promise<Monitor> {
  const [mine, end] = makeStreamPair();
  const commands: Monitor["commands"] = [];
  const say = (message: unknown): void => void end.write(`${JSON.stringify(message)}\r\n`);
  end.on("data", (chunk: Buffer) => {
    const command = JSON.parse(chunk.toString()) as Monitor["commands"][number];
    if (command.execute === "qmp_capabilities") say({ return: {}, id: command.id });
    else commands.push(command);
  });
  say(greeting);
  const client = new QmpClient(mine);
  await client.negotiate(1000, never);
  return { client, end, commands, say };
}

const until = (condition: () => boolean): Promise<void> => expect.poll(condition).toBe(true);

it("greets, negotiates, and knows QEMU's version", async () => {
  const { client } = await openMonitor();
  expect(client.version).toBe("11.1.3");
});

it("matches answers to commands by id, whatever their order", async () => {
  const { client, commands, say } = await openMonitor();
  const one = client.execute("query-status", {}, never);
  const two = client.execute("device_add", { driver: "zpci", uid: 5 }, never);
  await until(() => commands.length === 2);
  expect(commands[1]).toMatchObject({ execute: "device_add", arguments: { driver: "zpci", uid: 5 } });
  say({ return: { second: true }, id: commands[1]!.id });
  say({ return: { first: true }, id: commands[0]!.id });
  expect(await Promise.all([one, two])).toEqual([{ first: true }, { second: true }]);
});

it("passes on QEMU's own words where a command fails", async () => {
  const { client, commands, say } = await openMonitor();
  const added = client.execute("device_add", {}, never);
  await until(() => commands.length === 1);
  say({ error: { class: "GenericError", desc: "uid 7 already in use" }, id: commands[0]!.id });
  await expect(added).rejects.toThrow('QEMU refused "device_add": uid 7 already in use');
});

it("names what it waited for where an answer does not come", async () => {
  const { client, say } = await openMonitor();
  say({ event: "RESUME" });
  const error = await client.execute("quit", {}, never, 30).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(TimeLimitError);
  expect(error).toMatchObject({ what: `Waited 0.03 s for QEMU's answer to "quit"; last seen: event RESUME` });
});

it("waits for the event that is meant", async () => {
  const { client, say } = await openMonitor();
  const deleted = client.waitForEvent(["DEVICE_DELETED"], {
    limit: 1000,
    signal: never,
    where: ({ data }) => data["device"] === "b",
  });
  say({ event: "DEVICE_DELETED", data: { device: "a" } });
  say({ event: "DEVICE_UNPLUG_GUEST_ERROR", data: { device: "b" } });
  say({ event: "DEVICE_DELETED", data: { device: "b" } });
  expect(await deleted).toEqual({ event: "DEVICE_DELETED", data: { device: "b" } });
});

it("tells subscribers of events until they have had enough", async () => {
  const { client, say } = await openMonitor();
  const seen: string[] = [];
  const stop = client.subscribe(({ event }) => seen.push(event));
  say({ event: "STOP" });
  await until(() => seen.length === 1);
  stop();
  say({ event: "RESUME" });
  const ended = client.waitForEvent(["SHUTDOWN"], { limit: 1000, signal: never });
  say({ event: "SHUTDOWN" });
  await ended;
  expect(seen).toEqual(["STOP"]);
});

it("misses nothing that happens the moment it begins to listen", async () => {
  const [mine, end] = makeStreamPair();
  const client = new QmpClient(mine);
  const seen: string[] = [];
  client.subscribe(({ event }) => seen.push(event));
  end.on("data", (chunk: Buffer) => {
    const { id } = JSON.parse(chunk.toString()) as { id: number };
    end.write(`${JSON.stringify({ return: {}, id })}\n${JSON.stringify({ event: "GUEST_PANICKED" })}\n`);
  });
  end.write(`${JSON.stringify(greeting)}\n`);
  await client.negotiate(1000, never);
  expect(seen).toEqual(["GUEST_PANICKED"]);
});

it("refuses everything pending, and everything later, when QEMU closes it", async () => {
  const { client, end } = await openMonitor();
  const pending = [
    client.execute("query-status", {}, never),
    client.waitForEvent(["SHUTDOWN"], { limit: 1000, signal: never }),
  ];
  end.destroy();
  for (const each of pending) await expect(each).rejects.toBeInstanceOf(ClosedError);
  await expect(client.execute("quit", {}, never)).rejects.toThrow("Cannot use QEMU's monitor: QEMU closed it");
});

it("is called off by its signal", async () => {
  const { client } = await openMonitor();
  const controller = new AbortController();
  const pending = client.execute("query-status", {}, controller.signal);
  controller.abort(new Error("called off"));
  await expect(pending).rejects.toThrow("called off");
});

it.each([
  ["no JSON", "hello\n", /Cannot understand QEMU's monitor after "hello"/],
  ["no message", '{"neither":1}\n', /Cannot understand QEMU's monitor after/],
  ["an endless line", "x".repeat(1024 * 1024 + 1), /Cannot understand QEMU's monitor/],
])("closes at %s", async (_, text, message) => {
  const { client, end } = await openMonitor();
  const pending = client.execute("query-status", {}, never);
  end.write(text);
  await expect(pending).rejects.toThrow(message);
  await expect(pending).rejects.toBeInstanceOf(InfrastructureError);
});

it("gives up on a monitor that does not greet", async () => {
  const [mine] = makeStreamPair();
  await expect(new QmpClient(mine).negotiate(30, never)).rejects.toThrow("the greeting of QEMU's monitor");
});
