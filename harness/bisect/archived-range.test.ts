import { expect, it } from "vitest";
import { listArchivedRange } from "./archived-range.ts";

const versions = ["7.3~rc7-1~exp1", "6.12.107-1", "7.2.13-1", "6.1.176-1", "6.12.99-1", "7.2.9-1"];

it.each([
  ["debian/6.12", "debian/7.2"],
  ["debian/7.2", "debian/6.12"],
] as const)("goes from the oldest of %s and %s to the newest, in Debian's order", (...ends) => {
  const { base, commits, find } = listArchivedRange(ends, versions, "bad");
  expect(find).toBe("bad");
  expect(base).toBe("debian/6.12.99-1");
  expect(commits).toEqual([
    { id: "debian/6.12.107-1", parents: ["debian/6.12.99-1"] },
    { id: "debian/7.2.9-1", parents: ["debian/6.12.107-1"] },
    { id: "debian/7.2.13-1", parents: ["debian/7.2.9-1"] },
  ]);
});

it.each([
  ["debian/6.1", "debian/6.1.176-1", '"debian/6.1" and "debian/6.1.176-1" are the same version, 6.1.176-1'],
  ["6.1", "debian/7.2", 'Cannot bisect to "6.1": it is no version'],
  ["debian/6.1", "debian/8", 'Cannot bisect to "debian/8": the archive has debian/6.1.176-1, debian/6.12.99-1'],
])("does not go from %s to %s", (one, other, message) => {
  expect(() => listArchivedRange([one, other], versions, "bad")).toThrow(message);
});
