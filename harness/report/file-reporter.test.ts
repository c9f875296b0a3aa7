import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { failOf } from "../testing/record-of.ts";
import { temporaryFolder } from "../testing/scenario-files.ts";
import { FileReporter } from "./file-reporter.ts";
import { reportFormatNames } from "./report-formats.ts";

const result = { missing: [], interrupted: false, seconds: 1, folder: "/runs/latest", ledger: [] };

describe.each(reportFormatNames)("a report in %s", (format) => {
  it("leaves none of an earlier run, says so while the run has not ended, and is its own when it has", async () => {
    await using folder = await temporaryFolder({ report: "an earlier report" });
    const file = join(folder.path, "report");
    const reporter = new FileReporter({ format, file });
    expect(await readFile(file, "utf8")).toMatch(/the[-_ ]run[-_ ]did[-_ ]not[-_ ]end/u);
    reporter.finish({ ...result, records: [failOf("EIO", { scenario: "attach-twice" })] });
    const text = await readFile(file, "utf8");
    expect(text).toContain("attach-twice");
    expect(text).not.toMatch(/did[-_ ]not[-_ ]end|an earlier report/u);
  });

  it("is an error where it cannot be written, and where there was no test", async () => {
    await using folder = await temporaryFolder();
    await writeFile(join(folder.path, "file"), "");
    expect(() => new FileReporter({ format, file: join(folder.path, "file", "report") })).toThrow(
      `Cannot write the ${format} report`,
    );
    const reporter = new FileReporter({ format, file: join(folder.path, "report") });
    const finish = (): void => {
      reporter.finish({ ...result, records: [] });
    };
    expect(finish).toThrow("Cannot report a run with no test");
  });
});
