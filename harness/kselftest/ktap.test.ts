import { describe, expect, it } from "vitest";
import { parseKtap } from "./ktap.ts";

const good = `TAP version 13
1..3
# Starting 3 tests from 2 test cases.
#  RUN           iommufd.simple_close ...
#            OK  iommufd.simple_close
ok 1 iommufd.simple_close
#  RUN           iommufd_ioas.no_domain.area ...
# tools/testing/selftests/iommu/iommufd.c:931:area:Expected 0 (0) == x (4096)
# area: Test failed
#          FAIL  iommufd_ioas.no_domain.area
not ok 2 iommufd_ioas.no_domain.area
#  RUN           iommufd_viommu.no_viommu.hw_queue ...
#      SKIP      Skipping test for variant no_viommu
#            OK  iommufd_viommu.no_viommu.hw_queue
ok 3 iommufd_viommu.no_viommu.hw_queue # SKIP Skipping test for variant no_viommu
# FAILED: 2 / 3 tests passed.
# Totals: pass:1 fail:1 xfail:0 xpass:0 skip:1 error:0
`;

it("has the results of a program, with what each said", () => {
  expect(parseKtap(good)).toEqual({
    planned: 3,
    results: [
      { name: "iommufd.simple_close", outcome: "pass", reason: "", diagnosis: [] },
      {
        name: "iommufd_ioas.no_domain.area",
        outcome: "fail",
        reason: "",
        diagnosis: [
          "tools/testing/selftests/iommu/iommufd.c:931:area:Expected 0 (0) == x (4096)",
          "area: Test failed",
        ],
      },
      {
        name: "iommufd_viommu.no_viommu.hw_queue",
        outcome: "skip",
        reason: "Skipping test for variant no_viommu",
        diagnosis: ["SKIP      Skipping test for variant no_viommu"],
      },
    ],
    unfinished: null,
    rest: [],
  });
});

it("says which test was begun where the program was cut off, and what it said last", () => {
  const cut = parseKtap(good.slice(0, good.indexOf("# area: Test")));
  expect(cut.results).toHaveLength(1);
  expect(cut.unfinished).toBe("iommufd_ioas.no_domain.area");
  expect(cut.rest).toEqual([expect.stringContaining("Expected 0 (0)")]);
});

it("takes what is said between tests for nobody's result", () => {
  const { results, rest } = parseKtap(
    "TAP version 13\n1..1\niommufd: iommufd.c:2163: setup: Assertion `x' failed.\n",
  );
  expect(results).toEqual([]);
  expect(rest).toEqual(["iommufd: iommufd.c:2163: setup: Assertion `x' failed."]);
});

describe("a result line", () => {
  it.each([
    ["ok 1 a.b", "a.b", "pass", ""],
    ["ok 1 - a.b", "a.b", "pass", ""],
    ["not ok 1 a.b", "a.b", "fail", ""],
    ["ok 1 a.b # SKIP no such device", "a.b", "skip", "no such device"],
    ["not ok 1 a.b # SKIP", "a.b", "skip", ""],
    ["ok 1 a.b # XFAIL expected", "a.b", "pass", "expected"],
    ["ok 1 a.b # XPASS unknown", "a.b", "fail", "unknown"],
    ["not ok 1 a.b # TIMEOUT", "a.b", "fail", ""],
    ["ok 1 # SKIP all of it", "", "skip", "all of it"],
    ["ok 1 a.b\r", "a.b", "pass", ""],
  ])("%s", (line, name, outcome, reason) => {
    expect(parseKtap(line).results).toEqual([{ name, outcome, reason, diagnosis: [] }]);
  });

  it.each(["ok", "ok x", "okay 1 a", " ok 1 a", "not  ok 1 a", "ok 1234567890 a", "# ok 1 a.b", "ok 1 a b"])(
    "is none: %s",
    (line) => {
      expect(parseKtap(line).results).toEqual([]);
    },
  );
});

it("is bounded, whatever a guest says", () => {
  const many = parseKtap("ok 1 a.b\n".repeat(20_000));
  expect(many.results).toHaveLength(10_000);
  const long = parseKtap(`#  RUN           a.b ...\n${"# x\n".repeat(500)}${"y".repeat(5000)}\nnot ok 1 a.b\n`);
  expect(long.results[0]?.diagnosis).toHaveLength(100);
  const wide = parseKtap(`${"y".repeat(100_000)}\n1..99999999999\n1..5\n1..7\n`);
  expect(wide.rest[0]).toHaveLength(500);
  expect(wide.planned).toBe(5);
});

it("comes to an end with any bytes, and quickly", () => {
  let state = 12345;
  const next = (): number => (state = (state * 1103515245 + 12345) & 0x7fffffff);
  const words = [
    "ok ",
    "not ",
    "1..",
    "# ",
    "SKIP",
    "RUN           ",
    " ...",
    "\n",
    "a.b",
    "\0",
    "1",
    "\u{202e}",
    " ",
  ];
  for (let round = 0; round < 500; round += 1) {
    const text = Array.from({ length: next() % 200 }, () => words[next() % words.length]).join("");
    expect(() => parseKtap(text)).not.toThrow();
  }
  expect(parseKtap(`ok 1${" #".repeat(100_000)}`).results).toHaveLength(1);
});
