import { expect, it } from "vitest";
import { encodeFrame, frameLimit, FrameSplitter } from "./frames.ts";

const texts = (bodies: readonly Buffer[]): string[] => bodies.map((body) => body.toString());

it("frames a message with its length in bytes, big-endian", () => {
  expect(encodeFrame({ a: "ü" }).toString("hex")).toBe(`0000000a${Buffer.from('{"a":"ü"}').toString("hex")}`);
});

it("puts frames together from whatever pieces come", () => {
  const frames = new FrameSplitter();
  const bytes = Buffer.concat([encodeFrame({ one: 1 }), encodeFrame({ two: 2 })]);
  const bodies = [...bytes].flatMap((byte) => frames.push(Buffer.from([byte])));
  expect(texts(bodies)).toEqual(['{"one":1}', '{"two":2}']);
  expect(texts(new FrameSplitter().push(bytes))).toEqual(['{"one":1}', '{"two":2}']);
});

it("takes the longest frame, and none that is longer or empty", () => {
  const longest = encodeFrame("x".repeat(frameLimit - 2));
  expect(new FrameSplitter().push(longest)[0]).toHaveLength(frameLimit);
  expect(() => encodeFrame("x".repeat(frameLimit))).toThrow(RangeError);
  expect(() => new FrameSplitter().push(Buffer.from([0, 0x10, 0, 1]))).toThrow("a frame of 1048577 bytes");
  expect(() => new FrameSplitter().push(Buffer.from([0, 0, 0, 0]))).toThrow("a frame of 0 bytes");
});
