/** How much a report weighs: a thousand scenarios are to be sent by mail. */
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { projectRoot } from "../../assets/project-root.ts";
import type { PageData } from "../../../src/report/page-data.ts";
import { callCli } from "../../testing/call-cli.ts";
import { makeRandom } from "../../testing/random.ts";
import { temporaryFolder } from "../../testing/scenario-files.ts";
import { writeReport } from "./write-report.ts";

/** Bytes of a report of a thousand scenarios. */
const limit = 5_000_000;

it("weighs less than 5 MB for a thousand scenarios, each with a console that says something else", async () => {
  await using folder = await temporaryFolder();
  const scenarios = join(projectRoot, "fixtures/scenarios");
  await callCli(["run", "--bench", "model", "--scenarios", scenarios], { workingFolder: folder.path });
  const run = join(folder.path, "zhil-runs", "latest");
  const random = makeRandom(1);
  for (const name of await readdir(run)) {
    if (name === "report.html") continue;
    // As a kernel's after boot: half of it numbers that nothing makes shorter.
    const lines = Array.from({ length: 60 }, (_, line) => {
      const [time, address] = [random(1e9) / 1e6, random(0xffff_ffff).toString(16).padStart(16, "0")];
      return `[${time.toFixed(6).padStart(12)}] vfio-pci 0001:00:00.${line % 8}: enabling device at ${address}`;
    });
    await writeFile(join(run, name, "console.log"), `${lines.join("\n")}\n`);
  }
  const file = join(folder.path, "large.html");
  const source = { folders: [run], ledger: [], history: null, workingFolder: projectRoot };
  const size = await writeReport(source, { frame: "{{data}}", styles: "", script: "" }, file);
  const { cells } = JSON.parse(await readFile(file, "utf8")) as PageData;
  expect(cells.length).toBeGreaterThan(400);
  expect((size / cells.length) * 1000).toBeLessThan(limit);
  // So that the test is of something: no report can do with less than this.
  expect((size / cells.length) * 1000).toBeGreaterThan(limit / 5);
}, 120_000);
