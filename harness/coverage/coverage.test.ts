import { expect, it } from "vitest";
import { paintPlain } from "../report/paint.ts";
import { describeFiles, holdsBars, type CoverageRecord } from "./coverage-record.ts";
import { parseGcovDocument } from "./gcov-json.ts";
import { renderHtml } from "./render-html.ts";
import { renderPage } from "./render-page.ts";
import { renderGaps } from "./render-text.ts";
import { readBars, readReasons, type Reason } from "./reasons.ts";
import { bootName, Tally } from "./tally.ts";
import { parseMarkedFiles } from "../kernel/covered-files.ts";
import { readFile } from "node:fs/promises";
import { fragmentsOf } from "../kernel/flavour.ts";

const file = "drivers/iommu/x.c";

const source = `static inline int helper(int a)
{
	return a;
}
int attach(int a)
{
	if (a)
		return -EIO;
	return 0;
}
int detach(int a)
{
	return helper(a);
}
`;

/** What gcov says of the file where lines ran as often as this. */
const documentOf = (counts: Readonly<Record<number, number>>, calls: { attach: number; detach: number }): string =>
  JSON.stringify({
    files: [
      { file: "include/linux/list.h", lines: [{ line_number: 1, count: 99 }], functions: [] },
      {
        file: `/somewhere/${file}`,
        lines: Object.entries(counts).map(([line, count]) => ({ line_number: Number(line), count, branches: [] })),
        functions: [
          { name: "detach", start_line: 11, end_line: 14, execution_count: calls.detach, blocks: 3 },
          { name: "attach", start_line: 5, end_line: 10, execution_count: calls.attach, blocks: 3 },
        ],
      },
    ],
  });

const nothing = documentOf({ 3: 0, 5: 0, 7: 0, 8: 0, 9: 0, 11: 0, 13: 0 }, { attach: 0, detach: 0 });
const attached = documentOf({ 3: 0, 5: 2, 7: 2, 8: 0, 9: 2, 11: 0, 13: 0 }, { attach: 2, detach: 0 });

function describe(reasons: readonly Reason[], bar = 50): CoverageRecord {
  const tally = new Tally();
  tally.add(bootName, file, parseGcovDocument(nothing, file));
  tally.add("attach-one", file, parseGcovDocument(attached, file));
  tally.add("attach-two", file, parseGcovDocument(attached, file));
  const sources = tally.files.map((each) => ({ tally: each, source }));
  const files = describeFiles(sources, new Map([[file, bar]]), reasons);
  const kernel = { version: "7.2.13", digest: "sha256:1" };
  return { record: 1, kernel, verdicts: { pass: 2 }, missed: [], ...files, seconds: 1 };
}

it("adds up what scenarios reached of a file, and says who did", () => {
  const tally = new Tally();
  tally.add("one", file, parseGcovDocument(attached, file));
  tally.add("two", file, parseGcovDocument(attached, file));
  const [{ lines, functions } = { lines: [], functions: [] }] = tally.files;
  expect(lines.find(({ line }) => line === 7)).toEqual({ line: 7, count: 4, by: ["one", "two"] });
  expect(functions).toEqual([
    { name: "attach", first: 5, last: 10, count: 4 },
    { name: "detach", first: 11, last: 14, count: 0 },
  ]);
});

it("finds what nothing reached, and the function of what has none to gcov", () => {
  const [{ lines, functions, gaps } = { lines: null, functions: null, gaps: [] }] = describe([]).files;
  expect({ lines, functions }).toEqual({ lines: { reached: 3, total: 7 }, functions: { reached: 1, total: 2 } });
  expect(gaps.map(({ function: name, whole, lines: missed }) => [name, whole, missed])).toEqual([
    ["helper", false, [3]],
    ["attach", false, [8]],
    ["detach", true, [11, 13]],
  ]);
});

it("is content with a gap for a reason, wherever its lines are, and says which reasons are needed no more", () => {
  const reason = "no function here ever refuses that";
  const record = describe([
    { file, functions: ["helper"], reason },
    { file, functions: ["detach"], reason },
    { file, functions: ["attach"], lines: ["return -EIO", "return -EBUSY"], reason },
    { file, functions: ["attach"], lines: ["return 0;"], reason },
    // Each function has one of the lines, and each line is one function's.
    { file, functions: ["attach", "detach"], lines: ["return -EIO", "detach"], reason },
    { file, functions: ["attach", "replace"], lines: ["return -EIO"], reason },
  ]);
  expect(record.files[0]?.gaps.map((gap) => gap.reason)).toEqual([reason, reason, reason]);
  expect(record.stale).toEqual([
    { file, functions: ["attach"], lines: ["return -EBUSY"], reason },
    { file, functions: ["attach"], reason },
    { file, functions: ["replace"], reason },
  ]);
});

it("holds a file against its bar, and wants a reason for every line", () => {
  const reasons = ["helper", "attach", "detach"].map((name) => ({ file, functions: [name], reason: "none" }));
  expect(holdsBars(describe(reasons, 42))).toBe(true);
  expect(holdsBars(describe(reasons, 43))).toBe(false);
  expect(holdsBars(describe(reasons.slice(1), 42))).toBe(false);
  const missed = [{ scenario: "x", why: "its kernel panicked" }];
  expect(holdsBars({ ...describe(reasons, 42), missed })).toBe(false);
});

it("refuses a document that does not have the file, and what is none", () => {
  expect(() => parseGcovDocument(attached, "drivers/iommu/y.c")).toThrow('gcov says nothing of "drivers/iommu/y.c"');
  expect(() => parseGcovDocument("x.gcda:stamp mismatch", file)).toThrow("gcov printed no document");
});

it("shows gaps to people, escaped for each", () => {
  const record = describe([]);
  expect(renderGaps(record.files, false, paintPlain)).toContain("  11-13      detach (never called)");
  expect(renderPage(record)).toContain("| 8 | `attach` | `return -EIO;` | **no reason yet** |");
  const tally = new Tally();
  tally.add("a<b", file, parseGcovDocument(attached, file));
  const html = renderHtml(
    record,
    tally.files.map((each) => ({ tally: each, source: `${source}/* <x> */` })),
  );
  expect(html).toContain('<span class="yes" title="a&lt;b">');
  expect(html).toContain("/* &lt;x&gt; */");
});

it("has bars and reasons for files that are counted, and for no others", async () => {
  const [, gcov = ""] = await fragmentsOf("gcov");
  const counted = parseMarkedFiles(await readFile(gcov, "utf8"), "covers");
  expect(counted).toContain("drivers/iommu/s390-iommu.c");
  const named = [...(await readBars()).keys(), ...(await readReasons()).map((each) => each.file)];
  expect(named.filter((each) => !counted.includes(each))).toEqual([]);
});
