/** Runs in the browser: finds parts of the site by words, as they are typed or as the address has them (?q=words). */
import MiniSearch from "minisearch";

const most = 30;
/** Characters of a part that are shown. */
const shown = 200;

const parts = JSON.parse(document.getElementById("parts").textContent);
const index = new MiniSearch({ idField: "address", fields: ["heading", "title", "text"] });
index.addAll(parts);
const byAddress = new Map(parts.map((part) => [part.address, part]));
const field = document.getElementById("q");

function find(words) {
  const found = index.search(words, {
    combineWith: "AND",
    prefix: true,
    fuzzy: (term) => (term.length > 4 ? 0.2 : false),
    boost: { heading: 4, title: 2 },
  });
  const count = document.getElementById("count");
  if (words.trim() === "") count.textContent = "Words of a heading or a text";
  else if (found.length === 0) count.textContent = `Nothing has "${words}".`;
  else
    count.textContent = `${found.length} place${found.length === 1 ? "" : "s"}${found.length > most ? `, the ${most} best` : ""}`;
  document.getElementById("found").replaceChildren(...found.slice(0, most).map(drawOne));
}

function drawOne({ id, terms }) {
  const { title, heading, text } = byAddress.get(id);
  const link = document.createElement("a");
  link.href = id;
  link.textContent = heading === title ? title : `${title}: ${heading}`;
  const around = document.createElement("p");
  around.append(...excerpt(text, terms));
  const item = document.createElement("li");
  item.append(link, around);
  return item;
}

/** The text around the first word that was found, with every such word marked. */
function* excerpt(text, terms) {
  const words = new RegExp(`(${terms.map((term) => term.replace(/[^\p{L}\p{N}]/gu, "\\$&")).join("|")})`, "i");
  const first = Math.max(0, text.search(words) - shown / 4);
  const start = first === 0 ? 0 : text.indexOf(" ", first) + 1;
  const cut = text.slice(start, start + shown);
  if (start > 0) yield "… ";
  for (const [index, piece] of cut.split(words).entries()) {
    if (index % 2 === 0) yield piece;
    else {
      const mark = document.createElement("mark");
      mark.textContent = piece;
      yield mark;
    }
  }
  if (start + shown < text.length) yield " …";
}

field.value = new URLSearchParams(location.search).get("q") ?? "";
field.addEventListener("input", () => find(field.value));
find(field.value);
field.focus();
