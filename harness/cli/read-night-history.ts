import type { PageHistory } from "../../src/report/page-data.ts";
import { withHistory } from "../nightly/history.ts";
import { historyFile } from "../nightly/run-night.ts";
import { createScreen } from "../report/screen.ts";
import type { Io } from "./io.ts";
import { showProgress } from "./show-progress.ts";

/** Nights that a report shows. */
const shownNights = 14;

/**
 * Reads what the last nights of a folder came to; the folder has a history.
 * @throws {HarnessError} where it cannot be read
 */
export function readNightHistory(nights: string, { stderr, interrupt }: Io): Promise<PageHistory> {
  const report = showProgress(stderr, createScreen(stderr, false));
  const place = { file: historyFile(nights), report, signal: interrupt };
  return withHistory(place, (history) => history.marksOf(shownNights));
}
