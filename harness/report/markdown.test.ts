import { lexer, walkTokens, type Token } from "marked";
import { describe, expect, it } from "vitest";
import { hostileText } from "../testing/hostile.ts";
import { failOf, recordOf } from "../testing/record-of.ts";
import { code, formatMarkdown } from "./markdown.ts";

const rest = { missing: [], seconds: 3.25, ledger: [] };

/** Everything that a reader of GitHub's Markdown makes of a text. */
function tokensOf(markdown: string): Token[] {
  const tokens: Token[] = [];
  void walkTokens(lexer(markdown), (token) => {
    tokens.push(token);
  });
  return tokens;
}

describe("formatMarkdown", () => {
  const records = [
    recordOf({ scenario: "passes" }),
    recordOf({ scenario: "known", verdict: "known", reason: "shadow-by-rpcit at step 3" }),
    recordOf({ scenario: "broken", verdict: "error", reason: "QEMU died", details: ["remedy: none"] }),
    failOf("EINVAL", { scenario: "fails" }),
  ];

  it("has the counts, a row for what is no plain pass, and what differed", () => {
    const text = formatMarkdown({ ...rest, records, missing: ["never"] });
    expect(text.split("\n")[0]).toBe("### ❌ 1 pass, 1 fail, 1 known, 0 skip, 1 error, 1 not run in 3.25 s");
    const table = tokensOf(text).find((token) => token.type === "table") as {
      readonly rows: readonly { readonly text: string }[][];
    };
    expect(table.rows.map((row) => row.map((each) => each.text))).toEqual([
      ["known", "`known`", "`shadow-by-rpcit at step 3`"],
      ["error", "`broken`", "`QEMU died`"],
      ["fail", "`fails`", "`step 2 replace: result differs`"],
      ["**none**", "`never`", "Not run: the run ended before it"],
    ]);
    expect(text).toContain('- `step 2 replace: result: expected "OK", observed "EINVAL"`');
    expect(text).toContain("Again: `zhil run attach-twice --bench emulated`");
  });

  it("is one line and what ran where all is well", () => {
    expect(formatMarkdown({ ...rest, records: [recordOf()] }).split("\n")).toEqual([
      "### ✅ 1 pass, 0 fail, 0 known, 0 skip, 0 error in 3.25 s",
      "",
      "`emulated`: Linux `7.2.13` on QEMU `11.1.3`",
    ]);
  });

  it("takes nothing that a guest wrote for markup", () => {
    const hostile = failOf(hostileText, { scenario: hostileText, reason: hostileText, reproduce: hostileText });
    const tokens = tokensOf(formatMarkdown({ ...rest, records: [hostile], missing: [hostileText] }));
    const kinds = new Set(tokens.map(({ type }) => type));
    for (const kind of ["html", "link", "image", "code"]) expect(kinds).not.toContain(kind);
    const plain = tokens.filter(({ type }) => type === "text").filter((token) => !("tokens" in token));
    expect(plain.map(({ raw }) => raw).join("\n")).not.toContain("@everyone");
    const table = tokens.find((token) => token.type === "table") as { readonly rows: readonly unknown[][] };
    expect(table.rows.map((row) => row.length)).toEqual([3, 3]);
  });

  it("stays below what a comment may have", () => {
    const many = Array.from({ length: 200 }, () => failOf("x".repeat(5000), { reason: "y".repeat(5000) }));
    const text = formatMarkdown({ ...rest, records: many });
    expect(text.length).toBeLessThan(65_536);
    expect(text).toContain("and 180 more");
  });
});

it.each(["a`b", "`", "``a", "a|b", "a\nb", ""])("%j is code, and all of it", (text) => {
  const [paragraph] = lexer(code(text)) as { readonly tokens?: readonly Token[] }[];
  const inline = paragraph?.tokens ?? [];
  expect(inline.map(({ type }) => type)).toEqual(text === "" ? [] : ["codespan"]);
});
