import { parseStringPromise } from "xml2js";
import { describe, expect, it } from "vitest";
import { failOf, recordOf } from "../testing/record-of.ts";
import { formatJunit } from "./junit.ts";

interface Element {
  readonly $: Readonly<Record<string, string>>;
  readonly _?: string;
}
interface Suite extends Element {
  readonly testcase: readonly (Element &
    Readonly<Record<"failure" | "error" | "skipped", readonly Element[] | undefined>>)[];
  readonly properties?: readonly { readonly property: readonly Element[] }[];
}
interface Document {
  readonly testsuites: Element & { readonly testsuite: readonly Suite[] };
}

const parse = async (xml: string): Promise<Document> => (await parseStringPromise(xml)) as Document;

const records = [
  recordOf({ scenario: "passes" }),
  recordOf({ scenario: "known", verdict: "known", reason: "shadow-by-rpcit at step 3", known: ["shadow-by-rpcit"] }),
  recordOf({ scenario: "skipped", verdict: "skip", reason: "the kernel lacks CONFIG_IOMMUFD" }),
  recordOf({ scenario: "broken", verdict: "error", reason: "QEMU died", details: ["remedy: none"] }),
  failOf("EINVAL", { scenario: "fails" }),
];

describe("formatJunit", () => {
  it("parses back, with counts that agree with the cases", async () => {
    const { testsuites } = await parse(formatJunit({ records, missing: ["never-started"], seconds: 3.25 }));
    const [suite] = testsuites.testsuite;
    expect(testsuites.$).toMatchObject({ tests: "6", failures: "1", errors: "2", skipped: "1", time: "3.250" });
    expect(suite?.$).toMatchObject({ name: "zhil.emulated", tests: "6", failures: "1", errors: "2", skipped: "1" });
    expect(suite?.$["timestamp"]).toBe("2026-11-21T12:00:00");
    for (const [kind, count] of [
      ["failure", 1],
      ["error", 2],
      ["skipped", 1],
    ] as const) {
      expect(suite?.testcase.filter((each) => each[kind] !== undefined)).toHaveLength(count);
    }
    expect(suite?.testcase.map(({ $ }) => $["name"])).toEqual([
      ...records.map((each) => each.scenario),
      "never-started",
    ]);
    expect(suite?.testcase[0]?.$).toEqual({ classname: "zhil.emulated", name: "passes", time: "1.500" });
    expect(suite?.properties?.[0]?.property.map(({ $ }) => $["name"])).toContain("kernel");
  });

  it("has differences, reproducing line and evidence in a failure's text", async () => {
    const { testsuites } = await parse(formatJunit({ records, missing: [], seconds: 1 }));
    const failure = testsuites.testsuite[0]?.testcase[4]?.failure?.[0];
    expect(failure?.$).toEqual({ message: "step 2 replace: result differs", type: "difference" });
    expect(failure?._?.split("\n")).toEqual([
      'step 2 replace: result: expected "OK", observed "EINVAL"',
      "reproduce: zhil run attach-twice --bench emulated",
      "evidence: /runs/latest/attach-twice",
    ]);
  });

  it("survives whatever a guest wrote", async () => {
    const wild = "a\u0000b\u001b[2J]]> <&\"' \ufffe\ud800 \u{1f600} é\ttab\nline";
    const hostile = failOf(wild, { scenario: wild, reason: wild, reproduce: wild });
    const { testsuites } = await parse(formatJunit({ records: [hostile], missing: [], seconds: 1 }));
    const [testcase] = testsuites.testsuite[0]?.testcase ?? [];
    const readable = "a\\x00b\\x1b[2J]]> <&\"' \\xfffe\\xd800 \u{1f600} é\ttab\nline";
    expect(testcase?.$["name"]).toBe(readable);
    expect(testcase?.failure?.[0]?.$["message"]).toBe(readable);
    expect(testcase?.failure?.[0]?._).toContain(readable);
  });

  it("lists differences up to a limit and says how many there are", () => {
    const differences = Array.from({ length: 80 }, (_, index) => ({
      step: index + 1,
      operation: "look",
      verdict: "fail" as const,
      path: "result",
      expected: "OK",
      observed: "EIO",
    }));
    const xml = formatJunit({ records: [recordOf({ verdict: "fail", differences })], missing: [], seconds: 1 });
    expect(xml).toContain("step 50 look");
    expect(xml).not.toContain("step 51 look");
    expect(xml).toContain("and 30 more");
  });

  it("refuses a run with no test", () => {
    expect(() => formatJunit({ records: [], missing: [], seconds: 0 })).toThrow("Cannot report a run with no test");
  });
});
