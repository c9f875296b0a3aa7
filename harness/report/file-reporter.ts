import { renameSync, writeFileSync } from "node:fs";
import { InfrastructureError } from "../errors/harness-error.ts";
import { reportFormats, type ReportFormat } from "./report-formats.ts";
import type { ReportInput } from "./report-input.ts";
import type { Reporter, RunResult } from "./reporter.ts";

/** What a file reporter writes, and where. */
export interface FileReport {
  readonly format: ReportFormat;
  readonly file: string;
  /** Who reports, in KCIDB; its default where absent. */
  readonly origin?: string;
}

/**
 * Writes a report when the run ends. From the start on the file says that the run did not end, so that whatever stops a
 * run, no report of an earlier one is taken for its own.
 */
export class FileReporter implements Reporter {
  readonly name: string;
  readonly #report: FileReport;

  /** @throws {InfrastructureError} where the file cannot be written */
  constructor(report: FileReport) {
    this.name = report.format;
    this.#report = report;
    this.#write({ records: [], missing: ["the run did not end"], seconds: 0, ledger: [] });
  }

  finish(result: RunResult): void {
    this.#write(result);
  }

  #write(result: ReportInput): void {
    const { format, file, origin } = this.#report;
    const text = reportFormats[format](result, origin);
    const aside = `${file}.${process.pid}`;
    try {
      writeFileSync(aside, `${text}\n`);
      renameSync(aside, file);
    } catch (cause) {
      throw new InfrastructureError({ what: `Cannot write the ${format} report "${file}"`, cause });
    }
  }
}
