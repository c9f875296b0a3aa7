/** Traces on disk: files named `*.ndjson`, anywhere below a folder. */
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { UsageError } from "../errors/harness-error.ts";

/**
 * Paths of the traces below a folder, or the file itself, in order of names.
 * @throws {UsageError} where there is none
 */
export async function findTraces(path: string): Promise<readonly string[]> {
  const remedy = "Name a trace, or a folder with traces in it, such as zhil-runs/latest";
  const found = await stat(path).catch((cause: unknown) => {
    throw new UsageError({ what: `Cannot read "${path}"`, remedy, cause });
  });
  if (found.isFile()) return [path];
  // Names with their kinds: without, links to folders are followed, and zhil-runs/latest would be there twice.
  const entries = await readdir(path, { recursive: true, withFileTypes: true });
  const traces = entries
    .filter((entry) => entry.name.endsWith(".ndjson") && !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name));
  if (traces.length === 0)
    throw new UsageError({ what: `No trace in "${path}": nothing there is named *.ndjson`, remedy });
  return traces.sort();
}
