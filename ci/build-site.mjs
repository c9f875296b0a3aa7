/**
 * Builds the documentation: what docs/ has, and the reference from the code as it was built. `node ci/build-site.mjs FOLDER`,
 * dist/site where none is named; the folder is made anew.
 */
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { addressOf, sections as plan } from "./site/pages.mjs";
import { makeReference } from "./site/reference.mjs";
import { framePage, renderPage } from "./site/render.mjs";
import { makeSearchPage, splitPage } from "./site/search.mjs";

const root = fileURLToPath(new URL("../", import.meta.url));
const out = process.argv[2] ?? join(root, "dist/site");
const read = (path) => readFile(join(root, path), "utf8");

const reference = await makeReference();
const sections = await Promise.all(
  plan.map(async ([name, pages]) => [name, (await Promise.all(pages.map(expand))).flat()]),
);
const sources = new Set(sections.flatMap(([, pages]) => pages));
const forgotten = (await readdir(join(root, "docs"), { recursive: true }))
  .filter((name) => name.endsWith(".md") && !sources.has(`docs/${name}`))
  .map((name) => `docs/${name} is in no section of ci/site/pages.mjs`);

const pages = new Map();
for (const source of sources)
  pages.set(source, renderPage(source, reference[source] ?? (await read(source)), sources));
const broken = [...pages].flatMap(([source, { links }]) =>
  links
    .filter(({ target, place }) => place !== "" && !pages.get(target).places.has(place))
    .map(({ target, place }) => `${source} links to ${target}#${place}, which is not there`),
);
if (forgotten.length + broken.length > 0) {
  process.stderr.write(`${[...forgotten, ...broken].join("\n")}\n`);
  process.exit(1);
}

const styles = (
  await Promise.all(["page/styles/1-colours.css", "page/styles/2-frame.css", "ci/site/site.css"].map(read))
).join("\n");
const titles = new Map(
  [...pages].map(([source, { title }]) => [source, source === "README.md" ? "zpci-hil" : title]),
);
pages.set("search.md", await makeSearchPage([...pages].flatMap(([source, page]) => splitPage(source, page))));
await rm(out, { recursive: true, force: true });
for (const [source, page] of pages) {
  const file = join(out, addressOf(source));
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, framePage({ source, ...page, styles, sections, titles }));
}
process.stdout.write(`${pages.size} pages: ${join(out, "index.html")}\n`);

async function expand(path) {
  if (!path.endsWith("/*")) return [path];
  const folder = path.slice(0, -2);
  const names = await readdir(join(root, folder));
  return names
    .filter((name) => name.endsWith(".md"))
    .sort()
    .map((name) => `${folder}/${name}`);
}
