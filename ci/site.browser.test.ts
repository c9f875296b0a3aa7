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
  ["reference/operations", "light", 360],
  ["glossary", "dark", 360],
  ["search.html?q=rpcit%20replace", "light", 1440],
  ["search.html?q=rpcit%20replace", "dark", 360],
] as const)("has no violation that axe finds, and fits: %s, %s, %i wide", async (name, colorScheme, width) => {
  const context = await browser.newContext({ colorScheme, viewport: { width, height: 900 }, offline: true });
  const page = await context.newPage();
  const [file = "", words = ""] = name.split(".html");
  await page.goto(pathToFileURL(join(folder.path, "site", `${file}.html`)).href + words);
  if (screenshots !== undefined)
    await page.screenshot({ path: join(screenshots, `site-${file.replace("/", "-")}-${String(width)}.png`) });
  expect(await findViolations({ page, complaints: [], requests: [] })).toEqual([]);
  expect(await page.evaluate<number>("document.documentElement.scrollWidth")).toBe(width);
  await context.close();
});

it("is searched from any page, by a program that fetches nothing", async () => {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, offline: true });
  const page = await context.newPage();
  const requests: string[] = [];
  const complaints: string[] = [];
  page.on("request", (request) => requests.push(request.url()));
  page.on("console", (message) => complaints.push(message.text()));
  page.on("pageerror", (error) => complaints.push(error.message));
  await page.goto(pathToFileURL(join(folder.path, "site/reference/operations.html")).href);
  await page.fill("#q", "unmapped by accident");
  await page.press("#q", "Enter");
  await page.waitForURL(/search\.html\?q=unmapped/u);
  expect(await page.innerText("#count")).toBe('Nothing has "unmapped by accident".');
  await page.fill("#q", "ioas-map operat");
  expect(await page.locator("#found a").first().innerText()).toBe("Operations: ioas-map");
  expect(await page.locator("#found mark").count()).toBeGreaterThan(0);
  await page.click("#found a");
  await page.waitForURL(/operations\.html#ioas-map$/u);
  expect(requests.every((address) => address.startsWith("file:"))).toBe(true);
  expect(requests).toHaveLength(3);
  expect(complaints).toEqual([]);
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
