/** The medium of an NVMe function: a raw file whose blocks say which they are. */
import { closeSync, openSync, readSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { pageBytes, patternPage } from "../agent/pattern.ts";
import { InfrastructureError } from "../errors/harness-error.ts";

/** Blocks of a medium; with 4096 bytes each it has 1 MiB. */
export const mediumBlocks = 256;

/** Name of the pattern that block `index` of a function's medium starts with. */
export const blockName = (functionName: string, index: number): string => `block:${functionName}:${index}`;

/** Of functions of a few names, which most scenarios share: making one takes six milliseconds. */
const contents = new Map<string, Uint8Array>();
const contentsKept = 8;

function contentOf(functionName: string): Uint8Array {
  const known = contents.get(functionName);
  if (known !== undefined) return known;
  const bytes = new Uint8Array(mediumBlocks * pageBytes);
  for (let index = 0; index < mediumBlocks; index++) {
    bytes.set(patternPage(blockName(functionName, index)), index * pageBytes);
  }
  if (contents.size < contentsKept) contents.set(functionName, bytes);
  return bytes;
}

/**
 * Creates a medium: block i holds the pattern named `block:FUNCTION:i`.
 * @throws {InfrastructureError} where there is no room for it
 */
export async function createMedium(path: string, functionName: string): Promise<void> {
  await writeFile(path, contentOf(functionName), { mode: 0o600 }).catch((cause: unknown) => {
    throw new InfrastructureError({
      what: `Cannot write the medium "${path}"`,
      remedy: "Make room there, or point TMPDIR to another folder",
      cause,
    });
  });
}

/**
 * Reads one block as it is on the host; shorter than a block, or empty, beyond the end of the medium. At once: it is in memory, and a
 * thread that reads it would cost more than the reading.
 */
export function readBlock(path: string, index: number): Uint8Array {
  const file = openSync(path, "r");
  try {
    const block = new Uint8Array(pageBytes);
    return block.subarray(0, readSync(file, block, 0, pageBytes, index * pageBytes));
  } finally {
    closeSync(file);
  }
}
