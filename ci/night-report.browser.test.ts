/**
 * The report of a real night, and what it looks like: what a continuous integration keeps (docs/nightly.md). `ci/nightly` names the
 * report that its night has left; among the tests a night of a few scenarios is performed for it.
 */
import { rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { execa } from "execa";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { projectRoot } from "../harness/assets/project-root.ts";
import { findViolations, openReport, startBrowser, type Look } from "../harness/testing/browser.ts";

const given = process.env["ZHIL_REPORT"];
const kept = join(projectRoot, "zhil-artefacts/night-of-tests");
const file = given ?? join(kept, "report.html");
const pictures = dirname(file);
let browser: Browser;

beforeAll(async () => {
  if (given === undefined) {
    await rm(kept, { recursive: true, force: true });
    // What npm test has built before.
    const zhil = join(projectRoot, "dist/bin/zhil.js");
    const night = ["nightly", "--config", join(projectRoot, "ci/night-of-tests.config.ts"), "--html", file];
    const environment = { ZHIL_KERNEL: "", ZHIL_QEMU: "" };
    await execa(process.execPath, [zhil, ...night], { cwd: projectRoot, env: environment, timeout: 600_000 });
  }
  browser = await startBrowser();
});
afterAll(() => browser.close());

const looks: readonly (readonly [string, Look])[] = [
  ["light-wide", { colours: "light", width: 1440, height: 900 }],
  ["dark-wide", { colours: "dark", width: 1440, height: 900 }],
  ["light-narrow", { colours: "light", width: 360, height: 780 }],
  ["dark-narrow", { colours: "dark", width: 360, height: 780 }],
];

describe.each(looks)("the report of a night, %s", (name, look) => {
  it.each(["first-screen", "matrix", "timeline"])("fits, and leaves a picture: %s", async (place) => {
    const opened = await openReport(browser, file, "", look);
    const { page } = opened;
    if (place === "matrix") await page.locator(".matrix").evaluate("(table) => table.scrollIntoView()");
    if (place === "timeline") {
      // Of what failed, of what is known to deviate, or of whatever there is.
      for (const cell of [".finding .where a", ".matrix a:has(.known)", ".matrix a"]) {
        const link = page.locator(cell).first();
        if ((await link.count()) === 0) continue;
        await link.click();
        break;
      }
      await page.waitForSelector(".scenario");
    }
    await page.screenshot({ path: join(pictures, `${place}-${name}.png`) });
    expect(await findViolations(opened)).toEqual([]);
    expect(await page.evaluate<number>("document.documentElement.scrollWidth")).toBe(look.width);
    expect(opened.complaints).toEqual([]);
    expect(opened.requests).toEqual([]);
    await page.context().close();
  });
});
