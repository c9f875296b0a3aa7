import type { Duplex } from "node:stream";
import { expect, it } from "vitest";
import { ClosedError, InfrastructureError, TimeLimitError } from "../errors/harness-error.ts";
import { makeStreamPair } from "../testing/stream-pair.ts";
import { GdbClient, registers } from "./gdb-client.ts";
import { encodePacket, GdbProtocolError, PacketReader } from "./packets.ts";

const never = new AbortController().signal;

interface Stub {
  readonly client: GdbClient;
  /** QEMU's end. */
  readonly end: Duplex;
  /** Bodies of the packets received. */
  readonly asked: string[];
  /** Every byte received. */
  readonly heard: Buffer[];
}

/** A client, and a stub that answers as told; what it is told nothing for it leaves without an answer. */
function openStub(answers: Readonly<Record<string, string>> = {}): Stub {
  const [mine, end] = makeStreamPair();
  const asked: string[] = [];
  const heard: Buffer[] = [];
  const reader = new PacketReader();
  end.on("data", (chunk: Buffer) => {
    heard.push(chunk);
    if (chunk.equals(Buffer.of(0x03))) return;
    for (const said of reader.push(chunk)) {
      if (said.kind !== "packet") continue;
      asked.push(said.body);
      const answer = answers[said.body];
      if (answer !== undefined) end.write(Buffer.concat([Buffer.from("+"), encodePacket(answer)]));
    }
  });
  return { client: new GdbClient(mine), end, asked, heard };
}

const until = (condition: () => boolean): Promise<void> => expect.poll(condition).toBe(true);

it("asks as the protocol wants it, and acknowledges what it hears", async () => {
  const { client, asked, heard } = openStub({
    "?": "T05thread:01;",
    "Z0,3ffe0127c00,2": "OK",
    "z0,3ffe0127c00,2": "OK",
    p1: "000003ffe0127c00",
    p10: "000003ffe03a4264",
    g: "00ff",
    G00ff: "OK",
    "P11=0000000000001000": "OK",
    s: "T05thread:01;",
    c: "T05thread:01;",
    D: "OK",
  });
  await client.negotiate(never);
  await client.setBreakpoint(0x3ffe0127c00n, never);
  await client.resume(never, 1000);
  expect(await client.readRegister(registers.pswAddress, never)).toBe(0x3ffe0127c00n);
  expect(await client.readRegister(registers.general(14), never)).toBe(0x3ffe03a4264n);
  await client.removeBreakpoint(0x3ffe0127c00n, never);
  await client.step(never);
  await client.writeRegister(registers.general(15), 0x1000n, never);
  await client.writeRegisters(await client.readRegisters(never), never);
  await client.detach(never);
  const last = ["P11=0000000000001000", "g", "G00ff", "D"];
  expect(asked).toEqual(["?", "Z0,3ffe0127c00,2", "c", "p1", "p10", "z0,3ffe0127c00,2", "s", ...last]);
  await until(() => Buffer.concat(heard).toString("latin1").split("+").length - 1 === asked.length);
});

it("stops a machine that goes on with the one byte that is no packet", async () => {
  const { client, end, heard } = openStub();
  const stopped = client.resume(never, 1000);
  client.interrupt();
  await until(() => heard.some((chunk) => chunk.equals(Buffer.of(0x03))));
  end.write(encodePacket("T02thread:01;"));
  await stopped;
});

it("leaves out what the guest's console says through it", async () => {
  const { client, end } = openStub();
  const stopped = client.resume(never, 1000);
  end.write(encodePacket("O48690a"));
  end.write(encodePacket("T05thread:01;"));
  await stopped;
});

it("takes an error and anything else that was not asked for for what it is", async () => {
  const { client } = openStub({ "Z0,10,2": "E22", p1: "hello", c: "W00" });
  await expect(client.setBreakpoint(0x10n, never)).rejects.toThrow(`answered "Z0,10,2" with "E22"`);
  await expect(client.readRegister(1, never)).rejects.toThrow(GdbProtocolError);
  await expect(client.resume(never, 1000)).rejects.toThrow(`answered "c" with "W00"`);
});

it.each([
  ["what is no packet", "hello", "byte 0x68 between packets"],
  ["a packet that nobody asked for", "$OK#9a$OK#9a", 'sent "OK" unasked'],
  ["that it did not understand", "-", "did not understand a packet"],
])("gives up where the stub says %s", async (_, said, problem) => {
  const { client, end } = openStub();
  const first = client.readRegister(1, never);
  end.write(said);
  await expect(first).rejects.toThrow();
  await expect(client.readRegister(1, never)).rejects.toThrow(problem);
});

it("waits for an answer as long as it may, and says for what", async () => {
  const { client } = openStub();
  const error: unknown = await client.resume(never, 20).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(TimeLimitError);
  expect((error as Error).message).toBe('Waited 0.02 s for the answer of QEMU\'s gdbstub to "c"; last seen: nothing');
});

it("says why where the connection ends, then and later", async () => {
  const { client, end } = openStub();
  const stopped = client.resume(never, 1000);
  end.destroy();
  await expect(stopped).rejects.toThrow(ClosedError);
  await expect(client.step(never)).rejects.toThrow("Cannot use QEMU's gdbstub: QEMU closed it");
  const other = openStub().client;
  other[Symbol.dispose]();
  await expect(other.step(never)).rejects.toThrow(InfrastructureError);
});
