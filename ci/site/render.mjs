/** One page of the site, from Markdown. Links lead to pages and places that there are, or the build fails. */
import { posix } from "node:path";
import { Marked } from "marked";
import { addressOf } from "./pages.mjs";

const escapeMarkup = (text) => text.replace(/[<>&"]/gu, (character) => `&#${character.charCodeAt(0)};`);

/** A heading's place, as other readers of Markdown make it. */
const placeOf = (text) =>
  text
    .toLowerCase()
    .replace(/<[^>]*>|[^\p{Letter}\p{Number}\s_-]/gu, "")
    .trim()
    .replace(/\s/gu, "-");

/** Renders a page; gives its title, its content, the places in it, and its links to other pages. */
export function renderPage(source, markdown, sources) {
  const places = new Set();
  const links = [];
  let title = source;
  const marked = new Marked({ gfm: true });
  marked.use({
    renderer: {
      heading({ tokens, depth }) {
        const content = this.parser.parseInline(tokens);
        const text = content.replace(/<[^>]*>/gu, "");
        if (depth === 1) title = text;
        let place = placeOf(text);
        for (let again = 1; places.has(place); again++) place = `${placeOf(text)}-${again}`;
        places.add(place);
        return `<h${depth} id="${escapeMarkup(place)}">${content}</h${depth}>\n`;
      },
      link({ href, tokens }) {
        const content = this.parser.parseInline(tokens);
        if (/^[a-z]+:/u.test(href)) return `<a href="${escapeMarkup(href)}">${content}</a>`;
        const [path = "", place = ""] = href.split("#");
        const target = path === "" ? source : posix.normalize(posix.join(posix.dirname(source), path));
        // What lies in the repository alone is named, and leads nowhere.
        if (!sources.has(target)) return folderPage(target, sources) ?? `${content}`;
        links.push({ target, place });
        const from = posix.dirname(addressOf(source));
        const address = `${posix.relative(from, addressOf(target)) || posix.basename(addressOf(target))}${place === "" ? "" : `#${place}`}`;
        return `<a href="${escapeMarkup(address)}">${content}</a>`;

        function folderPage(folder, known) {
          const [first] = [...known].filter((each) => each.startsWith(`${folder.replace(/\/$/u, "")}/`)).sort();
          if (first === undefined) return null;
          const to = posix.relative(posix.dirname(addressOf(source)), addressOf(first));
          return `<a href="${escapeMarkup(to)}">${content}</a>`;
        }
      },
      // Tables and programs may be wider than a phone; whoever has no mouse scrolls them by keys.
      code({ text }) {
        return `<pre tabindex="0"><code>${escapeMarkup(text)}</code></pre>\n`;
      },
    },
  });
  let tables = 0;
  const content = marked
    .parse(markdown)
    .replaceAll("<table>", () => {
      tables += 1;
      return `<div class="scroll" tabindex="0" role="region" aria-label="Table ${tables}"><table>`;
    })
    .replaceAll("</table>", "</table></div>")
    .replaceAll("<th></th>", "<td></td>");
  return { title, content, places, links };
}

/** The whole page; `script` is the hash of the only program that may run in it, where there is one. */
export function framePage({ source, title, content, script, styles, sections, titles }) {
  const from = posix.dirname(addressOf(source));
  const linkTo = (target) =>
    `<li><a href="${posix.relative(from, addressOf(target)) || posix.basename(addressOf(target))}"${target === source ? ' aria-current="page"' : ""}>${titles.get(target)}</a></li>`;
  const navigation = sections.map(([name, pages]) => {
    const open = pages.includes(source) || pages.length < 20 ? " open" : "";
    return `<details${open}><summary>${name}</summary><ul>${pages.map(linkTo).join("")}</ul></details>`;
  });
  const toSearch = posix.relative(from, addressOf("search.md"));
  const policy = `default-src 'none'; style-src 'unsafe-inline'${script === undefined ? "" : `; script-src '${script}'`}`;
  const home = posix.relative(from, "index.html") || "index.html";
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<title>${title} · zpci-hil</title>
<style>${styles}</style>
</head>
<body>
<a class="skip-link" href="#content">Skip to the page</a>
<header><strong><a href="${home}">zpci-hil</a></strong>
<a class="to-pages" href="#pages">Pages</a>
<form action="${toSearch}" role="search"><label for="q">Search</label> <input type="search" id="q" name="q" autocomplete="off"></form></header>
<div class="site">
<nav id="pages" aria-label="Pages"><details class="menu" open><summary>Pages</summary>${navigation.join("")}</details></nav>
<main id="content">${content}</main>
</div>
</body>
</html>
`;
}
