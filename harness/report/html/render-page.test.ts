import { createHash } from "node:crypto";
import { expect, it } from "vitest";
import type { PageData } from "../../../src/report/page-data.ts";
import { hostile } from "../../testing/report-evidence.ts";
import { boundLines, boundText } from "./bounded.ts";
import { renderPage } from "./render-page.ts";

const data = (text: string): PageData => ({
  ...{ made: "2026-11-21T10:00:00.000Z", recorder: "0.1.0", runs: [], cells: [], findings: [] },
  ...{
    scenarios: [{ name: text, summary: "", tags: [], operations: [] }],
    ledger: {},
    grounds: {},
    history: null,
    details: [],
  },
});
const parts = {
  frame:
    '<p>{{policy}}</p><style>{{styles}}</style><b>{{made}}</b><script type="x">{{data}}</script><script>{{script}}</script>',
  styles: "p { color: red }",
  script: "run()",
};

it.each(hostile)("keeps data in its element whatever is in it: %j", (text) => {
  const page = renderPage(data(text), parts);
  const [, inside = ""] = /<script type="x">(.*?)<\/script>/u.exec(page) ?? [];
  expect(inside).not.toMatch(/[<>&\u2028]/u);
  expect((JSON.parse(inside) as PageData).scenarios[0]?.name).toBe(text);
  expect(page.match(/<script/gu)).toHaveLength(2);
});

it("lets only its own script and styles in", () => {
  const hash = (text: string): string => createHash("sha256").update(text).digest("base64");
  const page = renderPage(data("x"), parts);
  expect(page).toContain(`script-src 'sha256-${hash(parts.script)}'`);
  expect(page).toContain(`style-src 'sha256-${hash(parts.styles)}'`);
  expect(page).toContain("default-src 'none'");
  expect(page).toContain("<b>2026-11-21 10:00 UTC</b>");
});

it("bounds what a guest says, and counts what is left out", () => {
  expect(boundText("x".repeat(1000), 10)).toBe(`${"x".repeat(10)}… and 990 characters more`);
  expect(boundText("a\u001bb\u202ec")).toBe("a\\x1bb\\u{202e}c");
  expect(boundLines(["a", "b", "c"], 2)).toEqual(["a", "b", "… and 1 lines more"]);
});
