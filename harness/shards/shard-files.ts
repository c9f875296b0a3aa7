/** Plans and parts as files: from other machines, so that they are checked. */
import { readFile, rename, stat, writeFile } from "node:fs/promises";
import type * as z from "zod";
import { InfrastructureError, UsageError } from "../errors/harness-error.ts";

/** More than any plan or part has. */
const sizeLimit = 256 * 1024 * 1024;

/**
 * Reads a file of JSON.
 * @throws {UsageError} where it is not there, or is something else
 */
export async function readShardFile<T>(path: string, schema: z.ZodType<T>, what: string): Promise<T> {
  try {
    const { size } = await stat(path);
    if (size > sizeLimit) throw new RangeError(`it has ${size} bytes`);
    return schema.parse(JSON.parse(await readFile(path, "utf8")));
  } catch (cause) {
    throw new UsageError({
      what: `Cannot read the ${what} "${path}"`,
      remedy: "zhil plan --write writes plans, zhil nightly --plan writes parts",
      cause,
    });
  }
}

/**
 * Writes a file of JSON, all of it or nothing.
 * @throws {InfrastructureError} where it cannot be written
 */
export async function writeShardFile(path: string, value: unknown): Promise<void> {
  try {
    await writeFile(`${path}.new`, `${JSON.stringify(value)}\n`);
    await rename(`${path}.new`, path);
  } catch (cause) {
    throw new InfrastructureError({ what: `Cannot write "${path}"`, cause });
  }
}
