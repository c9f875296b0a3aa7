/** The page of a report: one file that has all it needs in it, and that nothing in it can make fetch or run anything else. */
import { createHash } from "node:crypto";
import type { PageData } from "../../../src/report/page-data.ts";
import type { PageParts } from "./page-parts.ts";

/** The page as HTML. */
export function renderPage(data: PageData, { frame, styles, script }: PageParts): string {
  const parts: Readonly<Record<string, string>> = {
    policy: `default-src 'none'; script-src '${hashOf(script)}'; style-src '${hashOf(styles)}'; img-src data:; base-uri 'none'; form-action 'none'`,
    styles,
    script,
    data: spellData(data),
    recorder: escapeMarkup(data.recorder),
    made: escapeMarkup(`${data.made.slice(0, 16).replace("T", " ")} UTC`),
  };
  // What is put in is not looked at again: data may have such names, too.
  return frame.replace(/\{\{(\w+)\}\}/gu, (whole, name: string) => parts[name] ?? whole);
}

/** The browser hashes what is between the tags. Only that script runs, whatever else the page may come to hold. */
const hashOf = (text: string): string => `sha256-${createHash("sha256").update(text).digest("base64")}`;

/** JSON that cannot end the element it is in, nor begin a comment there. */
const spellData = (data: PageData): string =>
  JSON.stringify(data).replace(
    /[<>&\u2028\u2029]/gu,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );

const escapeMarkup = (text: string): string =>
  text.replace(/[<>&"']/gu, (character) => `&#${character.charCodeAt(0)};`);
