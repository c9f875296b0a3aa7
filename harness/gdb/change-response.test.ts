import { expect, it } from "vitest";
import { changeResponse, responseLength } from "./change-response.ts";

it("changes what it is told to, and nothing else", () => {
  const response = Buffer.alloc(responseLength, 0xa5);
  const differing = (changed: Buffer): number[] =>
    [...changed.keys()].filter((index) => changed[index] !== response[index]);
  expect(differing(changeResponse(response, {}))).toEqual([]);
  // version, then two bits, relaxed, three bits, frame, refresh
  const flags = changeResponse(response, { refresh: false, relaxed: false });
  expect([differing(flags), flags[19]]).toEqual([[19], 0x84]);
  expect(changeResponse(flags, { refresh: true })[19]).toBe(0x85);
  expect(changeResponse(flags, { relaxed: true })[19]).toBe(0xa4);
  const mask = changeResponse(response, { dtsm: "0x78" });
  expect([differing(mask), mask[24]]).toEqual([[24], 0x78]);
  const begin = changeResponse(response, { sdma: "0x50000000000" });
  expect(begin.readBigUInt64BE(64)).toBe(0x500_0000_0000n);
  expect(differing(begin).every((at) => at >= 64 && at < 72)).toBe(true);
  const end = changeResponse(response, { edma: "0xfffffffffff" });
  expect(end.readBigUInt64BE(72)).toBe(0xfff_ffff_ffffn);
  expect(differing(end)).toEqual([72, 73, 74, 75, 76, 77, 78, 79]);
});
