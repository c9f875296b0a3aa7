import { expect, it } from "vitest";
import { compareVersions, upstreamOf } from "./debian-version.ts";

it.each([
  ["7.2.13-1", "7.2.12-1"],
  ["7.2.13-1", "7.2.9-1"],
  ["7.10", "7.9"],
  ["1:10.0", "11.1"],
  ["7.3-1", "7.3~rc7-1"],
  ["6.12.95-1", "6.12.95-1~bpo12+1"],
  ["6.12.95-1+b1", "6.12.95-1"],
  ["6.12.95-1.1", "6.12.95-1"],
  ["1:11.1.3+ds-1", "1:11.1.3-1"],
  ["2.0+dfsg", "2.0a"],
])("%s is newer than %s", (newer, older) => {
  expect(compareVersions(newer, older)).toBeGreaterThan(0);
  expect(compareVersions(older, newer)).toBeLessThan(0);
});

it("takes versions that are spelled alike as equal, and leading zeros as nothing", () => {
  expect(compareVersions("1:7.2.13-1", "1:7.2.13-1")).toBe(0);
  expect(compareVersions("7.02-1", "7.2-1")).toBe(0);
});

it("knows the upstream part", () => {
  expect(upstreamOf("1:11.1.3+ds-1")).toBe("11.1.3+ds");
  expect(upstreamOf("7.2")).toBe("7.2");
});
