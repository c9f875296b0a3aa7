/** The page on which the site is searched: everything that it has, with the program that finds, in one file. */
import { createHash } from "node:crypto";
import { fileURLToPath } from "node:url";
import { build } from "rolldown";
import { addressOf } from "./pages.mjs";

const heading = /<h[1-3] id="(?<place>[^"]*)">(?<text>.*?)<\/h[1-3]>/gu;

/** What is found: the parts of a page under its headings, as text. */
export function splitPage(source, { title, content }) {
  const starts = [...content.matchAll(heading)];
  return starts.map(({ index, 0: whole, groups }, number) => ({
    address: `${addressOf(source)}#${plain(groups.place)}`,
    title: plain(title),
    heading: plain(groups.text),
    text: plain(content.slice(index + whole.length, starts[number + 1]?.index)),
  }));
}

/** Markup as text: tags are gone, what stands for a character is that. */
const plain = (markup) =>
  markup
    .replace(/<[^>]*>/gu, " ")
    .replace(/&#(\d+);/gu, (_, code) => String.fromCharCode(Number(code)))
    .replace(/&(lt|gt|amp|quot);/gu, (_, name) => ({ lt: "<", gt: ">", amp: "&", quot: '"' })[name])
    .replace(/\s+/gu, " ")
    .trim();

/** The content of the page, and the hash by which its policy lets its program in. */
export async function makeSearchPage(parts) {
  const { output } = await build({
    input: fileURLToPath(new URL("find.mjs", import.meta.url)),
    platform: "browser",
    logLevel: "warn",
    write: false,
    output: { format: "iife", minify: true },
  });
  const [{ code }] = output;
  if (code.includes("</script")) throw new Error("The program of the search would end its own element");
  const data = JSON.stringify(parts).replaceAll("<", "\\u003c");
  return {
    title: "Search",
    content: `<h1>Search</h1>
<p id="count" role="status">The search is a program in this page; nothing is fetched.</p>
<ol id="found"></ol>
<script type="application/json" id="parts">${data}</script>
<script>${code}</script>`,
    script: `sha256-${createHash("sha256").update(code).digest("base64")}`,
  };
}
