// Builds the parts of a report's page: page/*.ts becomes one script, page/styles/*.css one sheet, in dist/page.
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "rolldown";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const folder = join(root, "dist", "page");
await mkdir(folder, { recursive: true });

await build({
  input: join(root, "page", "main.ts"),
  platform: "browser",
  logLevel: "warn",
  output: { file: join(folder, "page.js"), format: "es", minify: true },
});
const styles = join(root, "page", "styles");
const sheets = (await readdir(styles)).sort().map((name) => readFile(join(styles, name), "utf8"));
await writeFile(join(folder, "page.css"), (await Promise.all(sheets)).join("\n"));
await writeFile(join(folder, "page.html"), await readFile(join(root, "page", "page.html"), "utf8"));
