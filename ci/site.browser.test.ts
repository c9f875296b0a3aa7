/** The documentation as people see it: built, every page; some of them in a real browser. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { execa } from "execa";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { projectRoot } from "../harness/assets/project-root.ts";
import { findViolations, startBrowser } from "../harness/testing/browser.ts";
import { temporaryFolder, type TemporaryFolder } from "../harness/testing/scenario-files.ts";

let browser: Browser;
let folder: TemporaryFolder;
const screenshots = process.env["ZHIL_SCREENSHOTS"];

beforeAll(async () => {
  folder = await temporaryFolder();
  browser = await startBrowser();
  // What npm test has built before; the reference is of that.
  await execa(process.execPath, [join(projectRoot, "ci/build-site.mjs"), join(folder.path, "site")]);
});
afterAll(async () => {
  await browser.close();
  await folder[Symbol.asyncDispose]();
});

it.each([
  ["index", "light", 1440],
  ["tutorial", "dark", 1440],
  ["reference/operations", "light", 375],
  ["glossary", "dark", 375],
] as const)("has no violation that axe finds, and fits: %s, %s, %i wide", async (name, colorScheme, width) => {
  const context = await browser.newContext({ colorScheme, viewport: { width, height: 900 }, offline: true });
  const page = await context.newPage();
  await page.goto(pathToFileURL(join(folder.path, "site", `${name}.html`)).href);
  if (screenshots !== undefined)
    await page.screenshot({ path: join(screenshots, `site-${name.replace("/", "-")}.png`) });
  expect(await findViolations({ page, complaints: [], requests: [] })).toEqual([]);
  expect(await page.evaluate<number>("document.documentElement.scrollWidth")).toBe(width);
  await context.close();
});

it("leads from every page to pages that there are, and has the reference from the code", async () => {
  const site = join(folder.path, "site");
  const pages = (await readdir(site, { recursive: true })).filter((name) => name.endsWith(".html"));
  expect(pages.length).toBeGreaterThan(60);
  for (const name of pages) {
    const text = await readFile(join(site, name), "utf8");
    for (const [, address = ""] of text.matchAll(/<a href="([^"#]+)[^"]*"/gu)) {
      if (!/^[a-z]+:/u.test(address))
        expect(pages, `${name} leads to ${address}`).toContain(join(name, "..", address));
    }
  }
  const operations = await readFile(join(site, "reference/operations.html"), "utf8");
  expect(operations).toContain('<h2 id="ioas-map">');
  expect(operations).toContain("iommufd_ioas_map");
  expect(await readFile(join(site, "reference/commands.html"), "utf8")).toContain(
    "zhil shell [options] &#60;scenario&#62;",
  );
});
