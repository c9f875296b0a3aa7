import type { RunResult } from "./reporter.ts";

/** What a report that is a file is made of. */
export type ReportInput = Pick<RunResult, "records" | "missing" | "seconds" | "ledger">;

/** What every report says that is made of nothing. */
export const noTest = "Cannot report a run with no test";

/** What a scenario says that never began: half a run must not look like a whole one. */
export const notRun = "Not run: the run ended before it";
