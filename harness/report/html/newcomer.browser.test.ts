/**
 * An automated proxy for a newcomer, who is to find the cause of a planted mutant from the report alone within a minute: what takes
 * a minute is on the first screen. Evidence of mutants is as it was recorded on their kernels (fixtures/newcomer).
 */
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { projectRoot } from "../../assets/project-root.ts";
import { openReport, startBrowser } from "../../testing/browser.ts";
import { buildPage } from "../../testing/build-command.ts";
import { temporaryFolder, type TemporaryFolder } from "../../testing/scenario-files.ts";
import { readPageParts } from "./page-parts.ts";
import { writeReport } from "./write-report.ts";

const evidence = join(projectRoot, "fixtures/newcomer");
let browser: Browser;
let folder: TemporaryFolder;

beforeAll(async () => {
  await buildPage();
  browser = await startBrowser();
  folder = await temporaryFolder();
});
afterAll(async () => {
  await browser.close();
  await folder[Symbol.asyncDispose]();
});

/** What a newcomer has to read: the operation, what came instead, and the function of the kernel that the mutant breaks. */
const planted: Readonly<Record<string, readonly [operation: string, difference: string, culprit: string]>> = {
  "busy-function-tried-once": ["reset", 'expected "OK" observed "EIO"', "clp_set_pci_fn"],
  "fault-answered-for-all": ["fault-respond", 'observed "EINVAL"', "iommufd_auto_response_faults"],
  "group-opens-beside-cdev": ["group-open", 'expected "EBUSY" observed "OK"', "vfio_group_fops_open"],
  "hw-info-tail-left": ["hw-info", "zeroed expected true observed false", "iommufd_get_hw_info"],
  "ioat-lost-in-reset": ["nvme-enable", "observed []", "zpci_reenable_device"],
  "left-on-old-list": ["detach", "at s390_domain_free", "blocking_domain_attach_device"],
  "map-flush-skips-others": ["nvme-enable", 'observed ["a error 0x4"]', "s390_iommu_iotlb_sync_map"],
  "read-only-ignored": ["dma-write", 'observed "block:a:2"', "s390_iommu_map_pages"],
  "unmap-left-valid": ["dma-write", 'expected nothing observed "block:a:2"', "s390_iommu_unmap_pages"],
};

it("knows of every mutant that was recorded", async () => {
  expect(Object.keys(planted)).toEqual((await readdir(evidence)).toSorted());
});

it.each(Object.entries(planted))(
  "has on its first screen what %s came to, and the function that it breaks (automated proxy for a newcomer)",
  async (mutant, [operation, difference, culprit]) => {
    const file = join(folder.path, `${mutant}.html`);
    const source = { folders: [join(evidence, mutant)], ledger: [], history: null, workingFolder: projectRoot };
    await writeReport(source, await readPageParts(), file);
    const { page } = await openReport(browser, file, "", { width: 1440, height: 900 });
    // What is seen without scrolling: the parts of the first finding whose lower edge is within the window.
    const seen = await page.evaluate<string>(`
      [...document.querySelectorAll(".finding:first-of-type > *")]
        .filter((element) => element.getBoundingClientRect().bottom <= innerHeight)
        .map((element) => element.innerText.replaceAll(/\\s+/gu, " "))
        .join(" ")`);
    expect(await page.innerText(".finding h3 code")).toBe(operation);
    expect(seen).toContain(difference);
    expect(seen).toContain(culprit);
    await page.context().close();
  },
);
