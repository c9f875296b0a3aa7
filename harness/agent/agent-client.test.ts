import type { Duplex } from "node:stream";
import { expect, it } from "vitest";
import { ClosedError, InfrastructureError, RefusalError, TimeLimitError } from "../errors/harness-error.ts";
import { makeStreamPair } from "../testing/stream-pair.ts";
import { AgentClient } from "./agent-client.ts";
import { encodeFrame, FrameSplitter } from "./frames.ts";
import { WatchClient } from "./watch-client.ts";

const never = new AbortController().signal;
const answer = { result: "OK", values: {}, micros: 1, functions: {}, messages: [], log: [], dropped: 0, memory: {} };

interface Guest {
  readonly end: Duplex;
  readonly requests: Record<string, unknown>[];
  readonly say: (message: unknown) => void;
}

/** The guest's end of a channel, for the test to play. */
function makeGuest(end: Duplex): Guest {
  const frames = new FrameSplitter();
  const requests: Record<string, unknown>[] = [];
  end.on("data", (chunk: Buffer) => {
    for (const body of frames.push(chunk)) requests.push(JSON.parse(body.toString()) as Record<string, unknown>);
  });
  return { end, requests, say: (message) => void end.write(encodeFrame(message)) };
}

function makeAgent(): Guest & { readonly client: AgentClient } {
  const [mine, end] = makeStreamPair();
  return { client: new AgentClient(mine), ...makeGuest(end) };
}

const untilAsked = (guest: Guest, count: number): Promise<void> =>
  expect.poll(() => guest.requests.length).toBe(count);

it("waits for the hello, which may have come before", async () => {
  const { client, say } = makeAgent();
  say({ hello: 1, kernel: "7.2.13", agent: "0.1.0", cpus: 2 });
  expect(await client.waitForHello(never, 1000)).toMatchObject({ kernel: "7.2.13", cpus: 2 });
});

it("sends an operation with its fields and takes its answer", async () => {
  const guest = makeAgent();
  const asked = guest.client.request("attach", { function: "a", to: "A" }, never, 1000);
  await untilAsked(guest, 1);
  expect(guest.requests[0]).toEqual({ id: 1, op: "attach", function: "a", to: "A" });
  guest.say({ id: 1, ...answer, result: "EBUSY" });
  expect(await asked).toMatchObject({ result: "EBUSY", settled: true });
});

it("takes counters of 64 bits of anything: a kernel may read them where there are none", async () => {
  const guest = makeAgent();
  const view = { driver: "vfio-pci", handle: "0x80020000", counters: [2 ** 62, -(2 ** 62), 0, 1, 7] };
  const asked = guest.client.request("look", {}, never, 1000);
  await untilAsked(guest, 1);
  guest.say({ ...answer, id: guest.requests[0]?.["id"], functions: { a: view } });
  expect((await asked).functions["a"]?.counters?.[0]).toBe(2 ** 62);
});

it("takes what an answer says of functions for what changed since the last one", async () => {
  const guest = makeAgent();
  const view = { driver: "vfio-pci", handle: "0x80020000", counters: [0, 0, 0, 0, 0] };
  const requests = ["look", "look", "look"].map((op) => ({ op, fields: {} }));
  const [first, second, third] = guest.client.requestAll(requests);
  await untilAsked(guest, 3);
  guest.say({ id: 1, ...answer, functions: { a: view } });
  guest.say({ id: 2, result: "OK", micros: 1, functions: { a: { counters: [1, 0, 0, 0, 0] } } });
  await first?.(never, 1000);
  expect(await second?.(never, 1000)).toMatchObject({
    functions: { a: { ...view, counters: [1, 0, 0, 0, 0] } },
    ...{ values: {}, messages: [], log: [], memory: {} },
  });
  // Of a function that it never told of, that is no answer.
  guest.say({ id: 3, result: "OK", micros: 1, functions: { b: { counters: null } } });
  await expect(third?.(never, 1000)).rejects.toThrow(/handle/);
});

it("does what an operation is held for before it goes on", async () => {
  const guest = makeAgent();
  const did: string[] = [];
  const whenHeld = (): Promise<void> => Promise.resolve(void did.push("drained"));
  const asked = guest.client.request("dma-write", { function: "a" }, never, 1000, whenHeld);
  await untilAsked(guest, 1);
  expect(guest.requests[0]).toEqual({ id: 1, op: "dma-write", function: "a", holds: true });
  guest.say({ id: 1, held: true });
  await untilAsked(guest, 2);
  expect([did, guest.requests[1]]).toEqual([["drained"], { id: 1, go: true }]);
  guest.say({ id: 1, ...answer });
  expect(await asked).toMatchObject({ result: "OK" });
});

it("says why an operation stays held, and closes where one is held that nobody asked to be", async () => {
  const guest = makeAgent();
  const whenHeld = (): Promise<void> => Promise.reject(new InfrastructureError({ what: "Cannot drain" }));
  const asked = guest.client.request("dma-write", {}, never, 1000, whenHeld);
  guest.say({ id: 1, held: true });
  await expect(asked).rejects.toThrow("Cannot drain");
  const other = makeAgent();
  const plain = other.client.request("look", {}, never, 1000);
  other.say({ id: 1, held: true });
  await expect(plain).rejects.toThrow("request 1 is not one that may be held");
});

it("goes on after a refusal", async () => {
  const guest = makeAgent();
  const refused = guest.client.request("fly", {}, never, 1000);
  await untilAsked(guest, 1);
  guest.say({ id: 1, error: 'Unknown operation "fly"' });
  await expect(refused).rejects.toThrow('The agent refused: Unknown operation "fly"');
  const asked = guest.client.request("detach", {}, never, 1000);
  await untilAsked(guest, 2);
  guest.say({ id: 2, ...answer });
  expect(await asked).toMatchObject({ result: "OK" });
});

it("asks for several things at once, in one write, and takes each answer for its own", async () => {
  const guest = makeAgent();
  const requests = ["bind", "open", "close"].map((op) => ({ op, fields: { function: "a" } }));
  const [bind, open, close] = guest.client.requestAll(requests);
  await untilAsked(guest, 3);
  expect(() => guest.client.requestAll(requests)).toThrow('Cannot ask the agent for "bind": it is busy');
  guest.say({ id: 1, ...answer });
  expect(await bind?.(never, 1000)).toMatchObject({ result: "OK" });
  guest.say({ id: 2, error: "Function is open already" });
  guest.say({ id: 3, ...answer, result: "EBUSY" });
  await expect(open?.(never, 1000)).rejects.toBeInstanceOf(RefusalError);
  expect(await close?.(never, 1000)).toMatchObject({ result: "EBUSY" });
  expect(guest.client.requestAll(requests)).toHaveLength(3);
});

it("stays busy until a late answer has come", async () => {
  const guest = makeAgent();
  await expect(guest.client.request("attach", {}, never, 20)).rejects.toBeInstanceOf(TimeLimitError);
  await expect(guest.client.request("detach", {}, never, 1000)).rejects.toThrow(
    'Cannot ask the agent for "detach": it is busy',
  );
});

it.each([
  ["no JSON", Buffer.from([0, 0, 0, 1, 0x7b]), /Cannot understand the agent's channel after "{"/],
  ["too long a frame", Buffer.from([0xff, 0xff, 0xff, 0xff]), /a frame of 4294967295 bytes/],
  ["an answer of another shape", encodeFrame({ id: 1, result: "OK" }), /micros/],
  ["an answer to another request", encodeFrame({ id: 9, ...answer }), /request 9 is not pending/],
  ["an errno of an odd kind", encodeFrame({ id: 1, ...answer, result: "\u001b[2J" }), /result/],
])("closes the channel at %s", async (_, bytes, message) => {
  const guest = makeAgent();
  const asked = guest.client.request("attach", {}, never, 1000);
  await untilAsked(guest, 1);
  guest.end.write(bytes);
  await expect(asked).rejects.toThrow(message);
  await expect(asked).rejects.toBeInstanceOf(InfrastructureError);
});

it("says that the other side closed where it did", async () => {
  const guest = makeAgent();
  const asked = guest.client.request("attach", {}, never, 1000);
  await untilAsked(guest, 1);
  guest.end.destroy();
  await expect(asked).rejects.toBeInstanceOf(ClosedError);
});

it("learns from the supervisor how the worker is, and when it ended", async () => {
  const [mine, end] = makeStreamPair();
  const watch = new WatchClient(mine);
  const guest = makeGuest(end);
  const report = { worker: { state: "running" }, stack: ["[<0>] f+0x1/0x2"], syscall: "54 0x3", uptime: 2.5 };
  const pinged = watch.ping(never, 1000);
  await untilAsked(guest, 1);
  guest.say({ id: 1, ...report });
  expect(await pinged).toMatchObject(report);
  expect(watch.workerEnded.aborted).toBe(false);
  guest.say({ id: 0, worker: { state: "exited", code: 3, signal: 0 }, stack: [], syscall: "" });
  await expect.poll(() => watch.workerEnded.aborted).toBe(true);
  expect(watch.workerEnded.reason).toMatchObject({ what: "The agent's worker exited with status 3" });
});

it("gives up on a supervisor that does not answer", async () => {
  const [mine] = makeStreamPair();
  await expect(new WatchClient(mine).ping(never, 20)).rejects.toThrow("Waited 0.02 s for the supervisor's answer");
});

it("has another worker started, and hears of that one from then on", async () => {
  const [mine, end] = makeStreamPair();
  const watch = new WatchClient(mine);
  const guest = makeGuest(end);
  const ended = { worker: { state: "exited", code: 0 }, stack: [], syscall: "" };
  guest.say({ id: 0, ...ended });
  const first = watch.workerEnded;
  await expect.poll(() => first.aborted).toBe(true);
  const restarted = watch.restart(never, 1000);
  await untilAsked(guest, 1);
  expect(guest.requests[0]).toEqual({ id: 1, op: "restart" });
  // In one piece: the new one is dead before anybody has looked.
  guest.end.write(
    Buffer.concat([
      encodeFrame({ id: 1, worker: { state: "running" }, stack: [], syscall: "" }),
      encodeFrame({ id: 0, ...ended, worker: { state: "killed", signal: 11 } }),
    ]),
  );
  await restarted;
  await expect.poll(() => watch.workerEnded.aborted).toBe(true);
  expect(watch.workerEnded.reason).toMatchObject({ what: "The agent's worker was killed by signal 11" });
});

it("has a hello of each worker, and nothing that the last one owed", async () => {
  const guest = makeAgent();
  const hello = { hello: 1, kernel: "7.2.13", agent: "0.1.0" };
  guest.say({ ...hello, cpus: 1 });
  expect(await guest.client.waitForHello(never, 1000)).toMatchObject({ cpus: 1 });
  await expect(guest.client.request("attach", {}, never, 20)).rejects.toBeInstanceOf(TimeLimitError);
  guest.client.expectAnother();
  guest.say({ ...hello, cpus: 2 });
  expect(await guest.client.waitForHello(never, 1000)).toMatchObject({ cpus: 2 });
  const asked = guest.client.request("detach", {}, never, 1000);
  await untilAsked(guest, 2);
  guest.say({ id: 2, ...answer });
  expect(await asked).toMatchObject({ result: "OK" });
});
