/** Reports as people see them: in a real browser, light and dark, wide and narrow, with the worst that a guest can say. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { projectRoot } from "../../assets/project-root.ts";
import type { PageHistory } from "../../../src/report/page-data.ts";
import { findViolations, openReport, startBrowser, type Look } from "../../testing/browser.ts";
import { buildPage } from "../../testing/build-command.ts";
import { hostile, poison, runWithQuirks } from "../../testing/report-evidence.ts";
import { temporaryFolder, type TemporaryFolder } from "../../testing/scenario-files.ts";
import { readPageParts } from "./page-parts.ts";
import { writeReport } from "./write-report.ts";

let browser: Browser;
let folder: TemporaryFolder;
/** A run with fails, a run without, and a run whose every text is hostile. */
let [broken, healthy, poisoned] = ["", "", ""];

const names = [
  "replace-populated-ioas",
  "unmap-stops-dma",
  "access-unmapped",
  "access-read-content",
  "fault-delivery",
  "type1-shared-container",
];
/** Two machines, of which one had a bad night and a flaky scenario, and the other came later. */
const nights: PageHistory = {
  nights: Array.from({ length: 14 }, (_, night) => `2026-11-${String(night + 8).padStart(2, "0")}T02-00-00Z`),
  machines: ["emulated/lean/newest", "emulated/lean/6.12/debian/10.0"],
  marks: {
    "replace-populated-ioas": ["kkkkkkkkkFFkkk", "        kkkkk~"],
    "unmap-stops-dma": ["..............", "        E....."],
    "access-unmapped": ["kkkkkkkkkkkkkk", "        ssssss"],
  },
};
const hostileNights: PageHistory = {
  nights: [hostile[0]],
  machines: [hostile[1]],
  marks: { "access-unmapped": ["F"], [hostile[2]]: ["\u202e"], ["__proto__"]: ["."] },
};
/** Screenshots for people, where ZHIL_SCREENSHOTS names a folder. */
const screenshots = process.env["ZHIL_SCREENSHOTS"];

beforeAll(async () => {
  await buildPage();
  browser = await startBrowser();
  folder = await temporaryFolder();
  const report = async (
    name: string,
    runs: readonly string[],
    history: PageHistory | null = null,
  ): Promise<string> => {
    const file = join(folder.path, `${name}.html`);
    await writeReport(
      { folders: runs, ledger: [], history, workingFolder: projectRoot },
      await readPageParts(),
      file,
    );
    return file;
  };
  const runIn = async (name: string, quirks: Parameters<typeof runWithQuirks>[2]): Promise<string> => {
    await mkdir(join(folder.path, name));
    return runWithQuirks(join(folder.path, name), names, quirks);
  };
  const bad = await runIn("bad", ["refused-read-gives-zeros", "shadow-by-rpcit"]);
  const good = await runIn("good", []);
  broken = await report("broken", [bad]);
  healthy = await report("healthy", [good, bad], nights);
  await poison(bad);
  poisoned = await report("poisoned", [bad], hostileNights);
});
afterAll(async () => {
  await browser.close();
  await folder[Symbol.asyncDispose]();
});

const looks: readonly (readonly [string, Look])[] = [
  ["light and wide", { colours: "light", width: 1440, height: 900 }],
  ["dark and wide", { colours: "dark", width: 1440, height: 900 }],
  ["light and narrow", { colours: "light", width: 360, height: 780 }],
  ["dark and narrow", { colours: "dark", width: 360, height: 780 }],
];

const focused = (page: Page): Promise<string> => page.evaluate<string>("document.activeElement.textContent");
const textOf = (page: Page, selector: string): Promise<string> => page.innerText(selector);

describe.each(looks)("a report, %s", (name, look) => {
  it.each([
    ["the first screen", () => broken, ""],
    ["several runs", () => healthy, ""],
    ["a timeline", () => broken, "#replace-populated-ioas"],
    ["a step that passes", () => broken, "#replace-populated-ioas/13"],
    ["hostile text", () => poisoned, "#access-unmapped"],
    ["hostile findings", () => poisoned, ""],
  ])("has no violation that axe finds, and fits: %s", async (place, file, fragment) => {
    const opened = await openReport(browser, file(), fragment, look);
    const width = await opened.page.evaluate<number>("document.documentElement.scrollWidth");
    if (screenshots !== undefined) {
      await opened.page.screenshot({ path: join(screenshots, `${name} ${place}.png`.replaceAll(" ", "-")) });
    }
    expect(await findViolations(opened)).toEqual([]);
    expect(width).toBe(look.width);
    expect(opened.complaints).toEqual([]);
    expect(opened.requests).toEqual([]);
    await opened.page.context().close();
  });
});

it("shows hostile text as text, and runs none of it", async () => {
  const opened = await openReport(browser, poisoned, "#access-unmapped");
  const { page } = opened;
  const shown = await textOf(page, "main");
  expect(shown).toContain("</script><script>alert(1)</script>");
  expect(shown).toContain('<img src=x onerror="alert(2)">');
  expect(shown).toContain("\\x1b[2J\\u{202e}txt.exe\\x00");
  expect(shown).not.toContain("\u202e");
  expect(await page.locator("main img, main script").count()).toBe(0);
  expect(await page.locator("script").count()).toBe(2);
  expect(opened.complaints).toEqual([]);
  expect(hostile.length).toBeGreaterThan(4);
});

it("lets no script run that is not its own, even where markup came in", async () => {
  const { page } = await openReport(browser, broken, "");
  await page.evaluate(`
    const script = document.createElement("script");
    script.textContent = "globalThis.intruded = true";
    document.body.append(script);
  `);
  expect(await page.evaluate(() => "intruded" in globalThis)).toBe(false);
});

it("has what failed, and why, on the first screen", async () => {
  const { page } = await openReport(browser, broken, "");
  const finding = page.locator(".finding").first();
  const box = await finding.boundingBox();
  expect(box?.y).toBeLessThan(700);
  const text = await textOf(page, ".findings");
  expect(text).toContain("dma-read");
  expect(text).toContain("What is expected stands on");
});

it("brings the first difference to the middle of the screen, with the model beside it", async () => {
  const { page } = await openReport(browser, broken, "#replace-populated-ioas", { width: 1440, height: 900 });
  const box = await page.locator(".differs").first().boundingBox();
  expect(Math.abs((box?.y ?? 0) - 450)).toBeLessThan(60);
  expect(await textOf(page, ".step.open .rows")).toContain("memory.q[0]");
  const label = await page.locator(".step.open svg").first().getAttribute("aria-label");
  expect(label).toContain("IOAS B");
  expect(label).toContain("a: nvme IOAT to domain");
});

it("finds scenarios by words and verdicts, and goes through them by keys", async () => {
  const { page } = await openReport(browser, broken, "");
  const all = await page.locator("tbody tr").count();
  await page.keyboard.press("/");
  await page.keyboard.type("replace nvme-enable");
  const some = await page.locator("tbody tr").count();
  expect(some).toBeLessThan(all);
  expect(some).toBeGreaterThan(0);
  expect(await page.locator("tbody th").allInnerTexts()).toContainEqual(
    expect.stringContaining("replace-populated-ioas"),
  );
  await page.keyboard.press("Escape");
  await page.click("#only-fail");
  expect(await page.locator("tbody .badge").allInnerTexts()).not.toContain("pass");
  await page.keyboard.press("n");
  const name = await focused(page);
  await page.keyboard.press("Enter");
  await page.waitForSelector(".scenario");
  expect(await textOf(page, "h1")).toContain(name);
});

it("goes from step to step by keys, and keeps the place in the address", async () => {
  const { page } = await openReport(browser, broken, "#replace-populated-ioas/1");
  await page.keyboard.press("n");
  expect(await textOf(page, ".step.open .number")).toBe("14");
  expect(page.url()).toMatch(/#replace-populated-ioas\/14\/0$/u);
  await page.keyboard.press("k");
  expect(page.url()).toMatch(/\/13\/0$/u);
  await page.keyboard.press("?");
  expect(await page.locator("dialog").isVisible()).toBe(true);
  await page.keyboard.press("Escape");
  await page.keyboard.press("Escape");
  await page.waitForSelector(".overview");
  await page.goBack();
  await page.waitForSelector(".scenario");
});

it("has scenarios by runs, and leads from one run's to the other's", async () => {
  const { page } = await openReport(browser, healthy, "#replace-populated-ioas/14/1");
  expect(await textOf(page, "h1")).toContain("fail");
  await page.click(".elsewhere a:not([aria-current])");
  await page.waitForSelector("h1 .badge:not(.fail)");
  await page.keyboard.press("Escape");
  await page.waitForSelector(".matrix thead");
  expect(await page.locator(".matrix thead tr").count()).toBe(2);
});

it("has what nights before came to, of all scenarios and of one", async () => {
  const { page } = await openReport(browser, healthy, "");
  expect(await textOf(page, "#history")).toBe("The last 14 nights");
  const cells = page.locator(".history tbody tr").first().locator("td");
  expect(await cells.count()).toBe(14);
  expect(await cells.nth(9).getAttribute("title")).toBe("2026-11-17T02-00-00Z: 1 fail, 1 known, 1 pass");
  expect(await cells.nth(9).locator("strong").innerText()).toBe("1");
  await page.goto(`${page.url()}#replace-populated-ioas`);
  await page.waitForSelector(".nights");
  expect(await textOf(page, ".nights")).toContain("kkkkkkkkkFFkkk");
  const label = await page.locator(".marks").nth(1).getAttribute("aria-label");
  expect(label).toMatch(/^not run, .*known, flaky$/u);
});

it("says so where an address names nothing", async () => {
  for (const place of ["#no-such/3", "#%E0%A4%A/1", "#replace-populated-ioas/999/9"]) {
    const { page, complaints } = await openReport(browser, broken, place);
    expect(complaints).toEqual([]);
    expect(await page.locator("h1").count()).toBe(1);
  }
});
