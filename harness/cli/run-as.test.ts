import { expect, it } from "vitest";
import { runJson } from "../testing/run-json.ts";

/** Linux says EOVERFLOW of such a range from 6.18 on, and EINVAL before: src/model/rules/type1.ts. */
const wraps = `name: wraps
summary: A range that leaves the 64-bit space
tags: [type1]
functions: { a: virtio-rng }
buffers: { q: 2 }
steps:
  - take-type1: { function: a, container: C }
  - container-map: { container: C, iova: 0xfffffffffffff000, buffer: q }
  - close: { function: a }
`;

it("fails what another version would not have done, says so, and how to ask again", async () => {
  const { code, records, folderOf, stderr } = await runJson({ wraps }, {}, { argv: ["--as", "6.12"] });
  expect(code).toBe(1);
  const [record] = records;
  expect(record?.differences.map(({ path, expected, observed }) => [path, expected, observed])).toEqual([
    ["result", "EINVAL", "EOVERFLOW"],
  ]);
  expect(record?.profile.kernel.version).toBe("7.2.13");
  expect(record?.caveats).toEqual(["kernel 7.2.13 is judged as 6.12: that was asked for"]);
  expect(stderr).toContain("is judged as 6.12");
  expect(folderOf("wraps")["reproduce"]).toContain("zhil run wraps --bench emulated --as 6.12 --scenarios ");
});

it("passes what both do", async () => {
  const { code, records } = await runJson({ wraps }, {}, { argv: ["--as", "6.18"] });
  expect([code, records[0]?.verdict]).toEqual([0, "pass"]);
});

it("does not ask a version what it is too old for", async () => {
  const late = wraps.replace("tags:", 'since: "6.18"\ntags:');
  const { records } = await runJson({ wraps: late }, {}, { argv: ["--as", "6.12"] });
  expect(records[0]).toMatchObject({ verdict: "skip", reason: "it is asked of Linux 6.18 and later" });
});

it.each([
  [["--as", "newest"], "Expected a version such as 6.12."],
  [["--as", "6.12", "--fail-nth"], "Cannot use --as with --fail-nth: no scenario gets a verdict"],
])("%j is wrong and says why", async (argv, message) => {
  const { code, stderr } = await runJson({ wraps }, {}, { argv });
  expect([code, stderr]).toEqual([2, expect.stringContaining(message)]);
});
