/** A report on disk. */
import { rename, rm, writeFile } from "node:fs/promises";
import { InfrastructureError } from "../../errors/harness-error.ts";
import { collectPage, type PageSource } from "./collect-page.ts";
import type { PageParts } from "./page-parts.ts";
import { renderPage } from "./render-page.ts";

/** Name of the report in a run's folder. */
export const reportName = "report.html";

/**
 * Writes the report of runs; gives its size in bytes. What was at the path is replaced when the new one is whole.
 * @throws {UsageError} where there is no evidence; {InfrastructureError} where the file cannot be written
 */
export async function writeReport(source: PageSource, parts: PageParts, file: string): Promise<number> {
  const text = renderPage(await collectPage(source, new Date()), parts);
  const aside = `${file}.${process.pid}`;
  try {
    await writeFile(aside, text);
    await rename(aside, file);
  } catch (cause) {
    await rm(aside, { force: true });
    throw new InfrastructureError({ what: `Cannot write the report "${file}"`, cause });
  }
  return Buffer.byteLength(text);
}
