import { join } from "node:path";
import type { Ledger } from "../../src/verdict/ledger.ts";
import type { PageParts } from "./html/page-parts.ts";
import { reportName, writeReport } from "./html/write-report.ts";
import type { Reporter, RunResult } from "./reporter.ts";

/** Leaves a page to look at in the run's folder. */
export class HtmlReporter implements Reporter {
  readonly name = "html";
  readonly #parts: () => Promise<PageParts>;
  readonly #ledger: Ledger;

  constructor(parts: () => Promise<PageParts>, ledger: Ledger) {
    this.#parts = parts;
    this.#ledger = ledger;
  }

  async finish({ folder, records }: RunResult): Promise<void> {
    if (records.length === 0) return;
    const source = { folders: [folder], ledger: this.#ledger, history: null, workingFolder: process.cwd() };
    await writeReport(source, await this.#parts(), join(folder, reportName));
  }
}
