/** Pages of reports in a real browser. */
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import { chromium, type Browser, type Page } from "playwright-core";
import { prepareChromium } from "./chromium.ts";

/** How a page is looked at. */
export interface Look {
  readonly colours?: "light" | "dark";
  readonly width?: number;
  readonly height?: number;
}

/** A page that is open, and whatever its script complained of. */
export interface OpenPage {
  readonly page: Page;
  readonly complaints: readonly string[];
  /** Everything that it asked for beside itself. */
  readonly requests: readonly string[];
}

const axe = createRequire(import.meta.url).resolve("axe-core/axe.min.js");

/** Starts the browser; whoever calls closes it. */
export async function startBrowser(): Promise<Browser> {
  const { executablePath, environment } = await prepareChromium(new AbortController().signal);
  // Its sandbox needs what containers do not give; it opens nothing but our own file.
  return chromium.launch({ executablePath, env: { ...process.env, ...environment }, args: ["--no-sandbox"] });
}

/** Opens a report's file at a place in it. */
export async function openReport(browser: Browser, file: string, place: string, look: Look = {}): Promise<OpenPage> {
  const { colours = "light", width = 1280, height = 900 } = look;
  const context = await browser.newContext({ colorScheme: colours, viewport: { width, height }, offline: true });
  const page = await context.newPage();
  const complaints: string[] = [];
  const requests: string[] = [];
  page.on("console", (message) => complaints.push(message.text()));
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("dialog", (dialog) => {
    complaints.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on("request", (request) => requests.push(request.url()));
  const address = `${pathToFileURL(file).href}${place}`;
  await page.goto(address);
  await page.waitForSelector("body[data-ready]");
  requests.splice(0, 1);
  return { page, complaints, requests };
}

/** What axe finds wrong with a page, a line each. */
export async function findViolations({ page }: OpenPage): Promise<readonly string[]> {
  // Through the debugger: the page's own policy lets no other script in.
  await page.evaluate(await readFile(axe, "utf8"));
  return page.evaluate(async () => {
    const { axe: checker } = globalThis as unknown as { readonly axe: Axe };
    const { violations } = await checker.run();
    return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 120)).join(" | ")}`);
  });
}

/** As far as it is used. */
interface Axe {
  run(): Promise<{
    readonly violations: readonly { readonly id: string; readonly nodes: readonly { readonly html: string }[] }[];
  }>;
}
