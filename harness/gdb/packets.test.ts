import { describe, expect, it } from "vitest";
import { bodyLimit, encodePacket, GdbProtocolError, PacketReader, type Heard } from "./packets.ts";

const read = (bytes: string): Heard[] => new PacketReader().push(Buffer.from(bytes, "latin1"));
/** A packet around bytes as they go over the wire. */
const raw = (wire: string): string => {
  const sum = [...Buffer.from(wire, "latin1")].reduce((total, byte) => total + byte, 0) & 0xff;
  return `$${wire}#${sum.toString(16).padStart(2, "0")}`;
};

describe("a packet", () => {
  it("is its body and a checksum", () => {
    expect(encodePacket("OK").toString()).toBe("$OK#9a");
    expect(encodePacket("").toString()).toBe("$#00");
  });

  it("is read back as it was written, whatever bytes it has", () => {
    const all = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte)).toString("latin1");
    expect(read(encodePacket(all).toString("latin1"))).toEqual([{ kind: "packet", body: all }]);
  });

  it("is read in whatever pieces it comes, between acknowledgements", () => {
    const reader = new PacketReader();
    const heard = Array.from("+$OK#9a+-$T05#b9", (byte) => reader.push(Buffer.from(byte))).flat();
    expect(heard).toEqual([
      { kind: "ack" },
      { kind: "packet", body: "OK" },
      { kind: "ack" },
      { kind: "nack" },
      { kind: "packet", body: "T05" },
    ]);
  });

  it("has runs of equal characters", () => {
    // The count is told by a character 29 above it: a space is 3 more.
    expect(read(raw("0* x"))).toEqual([{ kind: "packet", body: "0000x" }]);
    expect(read(raw("0*~"))).toEqual([{ kind: "packet", body: "0".repeat(98) }]);
  });
});

describe("what is no packet is refused:", () => {
  it.each([
    ["something between packets", "hello", "byte 0x68 between packets"],
    ["a wrong checksum", "$OK#9b", 'checksum "9b" instead of "9a"'],
    ["a checksum that is no number", "$OK#zz", 'checksum "zz"'],
    ["a packet in a packet", "$O$OK#9a", "ends without a checksum"],
    ["an escape at the end", raw("ab}"), "in the middle of an escape or a run"],
    ["a run at the end", raw("ab*"), "in the middle of an escape or a run"],
    ["a run of nothing", raw("* a"), "a run of nothing"],
    ["a run of less than three", raw("a*\x1e"), "a length that none has"],
    ["a run longer than any", raw("a*\x7f"), "a length that none has"],
  ])("%s", (_, wire, problem) => {
    expect(() => read(wire)).toThrow(GdbProtocolError);
    expect(() => read(wire)).toThrow(problem);
  });

  it("one that is too long, or would be with its runs", () => {
    const reader = new PacketReader();
    expect(() => reader.push(Buffer.from(`$${"x".repeat(bodyLimit + 1)}`))).toThrow("more than 262144 bytes");
    expect(() => read(raw(`0${"*~".repeat(3000)}`))).toThrow("more than 262144 bytes");
  });

  it("whatever else, without another kind of error", () => {
    let state = 12345;
    const next = (): number => (state = (state * 1103515245 + 12345) & 0x7fffffff);
    for (let round = 0; round < 2000; round += 1) {
      const bytes = Buffer.from(
        Array.from({ length: next() % 40 }, () => (next() % 4 === 0 ? next() : 0x23 + (next() % 9))),
      );
      try {
        new PacketReader().push(Buffer.concat([Buffer.from("$"), bytes]));
      } catch (error) {
        expect(error).toBeInstanceOf(GdbProtocolError);
      }
    }
  });
});
