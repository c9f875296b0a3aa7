import { expect, it } from "vitest";
import { TimeLimitError } from "../errors/harness-error.ts";
import { QmpClient } from "../qmp/qmp-client.ts";
import { makeStreamPair } from "../testing/stream-pair.ts";
import { isAtRest, readMasks, stopAtRest } from "./stop-at-rest.ts";

const never = new AbortController().signal;
const idle = "0706c00180000000";
const inHypercall = "0404c00180000000";
const registersOf = (...masks: readonly string[]): string =>
  masks.map((mask, cpu) => `\r\nCPU#${cpu}\r\nPSW=mask ${mask} addr 000003ffe0433822 cc 00\r\nR00=0\r\n`).join("");

it("reads each processor's mask out of what QEMU 7.2 to 11.1 say", () => {
  expect(readMasks(registersOf(idle, inHypercall))).toEqual([0x0706c00180000000n, 0x0404c00180000000n]);
  expect(readMasks("unknown command")).toEqual([]);
});

it.each([
  ["waits, open to interrupts", idle, true],
  ["works, closed to interrupts", inHypercall, false],
  ["works, open to interrupts", "0705c00180000000", false],
  ["waits for ever, closed to interrupts", "0002000180000000", false],
  ["waits, open to external interrupts only", "0506c00180000000", false],
])("one that %s", (_, mask, atRest) => {
  expect(isAtRest(BigInt(`0x${mask}`))).toBe(atRest);
});

/** A monitor whose machine has these processors at one stop after another, the last ones ever after. */
async function openMonitor(...stops: readonly (readonly string[])[]) {
  const [mine, end] = makeStreamPair();
  const commands: string[] = [];
  let asked = 0;
  end.on("data", (chunk: Buffer) => {
    const { execute, id } = JSON.parse(chunk.toString()) as { execute: string; id: number };
    commands.push(execute);
    const answer =
      execute === "human-monitor-command" ? registersOf(...(stops[Math.min(asked++, stops.length - 1)] ?? [])) : {};
    end.write(`${JSON.stringify({ return: answer, id })}\n`);
  });
  end.write(`{"QMP":{"version":{"qemu":{"major":7,"minor":2,"micro":22},"package":""},"capabilities":[]}}\n`);
  const client = new QmpClient(mine);
  await client.negotiate(1000, never);
  return { client, commands: () => commands.slice(1) };
}

const look = ["stop", "human-monitor-command"];

it("lets the guest go on until all its processors are at rest, and leaves it stopped", async () => {
  const { client, commands } = await openMonitor([inHypercall, idle], [idle, inHypercall], [idle, idle]);
  await stopAtRest(client, 5000, never);
  expect(commands()).toEqual([1, 2, 3, 4].flatMap(() => [...look, "cont"]).concat(look));
});

it("looks again, for a processor that waits may not have taken an interrupt yet", async () => {
  const { client, commands } = await openMonitor([idle], [idle], [inHypercall], [idle]);
  await stopAtRest(client, 5000, never);
  expect(commands()).toEqual([1, 2, 3, 4, 5].flatMap(() => [...look, "cont"]).concat(look));
});

it.each([
  ["never rest", [inHypercall], "last seen: PSW masks 0404c00180000000"],
  ["are not told of", [], "last seen: PSW masks"],
])("gives up on processors that %s", async (_, masks, seen) => {
  const { client } = await openMonitor(masks);
  const error = await stopAtRest(client, 60, never).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(TimeLimitError);
  expect(error).toMatchObject({ what: expect.stringContaining(seen) as string });
});
