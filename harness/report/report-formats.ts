/** Reports that are files. */
import { formatJunit } from "./junit.ts";
import { formatKcidb } from "./kcidb.ts";
import { formatKtap } from "./ktap-report.ts";
import { formatMarkdown } from "./markdown.ts";
import type { ReportInput } from "./report-input.ts";

/** How a run is written, by the format's name. */
export const reportFormats = {
  ktap: formatKtap,
  junit: formatJunit,
  kcidb: formatKcidb,
  markdown: formatMarkdown,
} satisfies Readonly<Record<string, (input: ReportInput, origin?: string) => string>>;

/** The name of a format. */
export type ReportFormat = keyof typeof reportFormats;

/** Every format's name. */
export const reportFormatNames = Object.keys(reportFormats) as readonly ReportFormat[];
