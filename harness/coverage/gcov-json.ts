/** What gcov prints with `--json-format --stdout`: a document for every file of counts, one a line. */
import * as z from "zod";
import { InfrastructureError } from "../errors/harness-error.ts";

/** A function, and how often it was called. */
export interface FunctionCount {
  readonly name: string;
  readonly first: number;
  readonly last: number;
  readonly count: number;
}

/** How often what there is of a file ran. */
export interface FileCounts {
  /** By number of the line; lines without code are not there. */
  readonly lines: ReadonlyMap<number, number>;
  readonly functions: readonly FunctionCount[];
}

const count = z.number().min(0);
const documentSchema = z.object({
  files: z.array(
    z.object({
      file: z.string(),
      lines: z.array(z.object({ line_number: z.int(), count })),
      functions: z.array(
        z.object({ name: z.string(), start_line: z.int(), end_line: z.int(), execution_count: count }),
      ),
    }),
  ),
});

/**
 * The counts of a source file, out of the document of its object: what it includes has counts there, too.
 * @throws {InfrastructureError} where that is no such document, or does not have the file
 */
export function parseGcovDocument(text: string, source: string): FileCounts {
  const found = readDocument(text, source).files.find(({ file }) => file === source || file.endsWith(`/${source}`));
  if (found === undefined)
    throw new InfrastructureError({ what: `Cannot read counts: gcov says nothing of "${source}"` });
  const lines = new Map<number, number>();
  // A line that is in several functions, or in several copies of one, is there several times.
  for (const { line_number: line, count: times } of found.lines) lines.set(line, (lines.get(line) ?? 0) + times);
  const functions = found.functions.map((each) => ({
    name: each.name,
    first: each.start_line,
    last: each.end_line,
    count: each.execution_count,
  }));
  return { lines, functions: functions.sort((a, b) => a.first - b.first) };
}

function readDocument(text: string, source: string): z.output<typeof documentSchema> {
  try {
    return documentSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw new InfrastructureError({ what: `Cannot read counts of "${source}": gcov printed no document`, cause });
  }
}
