/** The agent by itself: out of the archive that it is /init of, for a host that has a root of its own. */
import { readFile } from "node:fs/promises";
import { gunzipSync } from "node:zlib";
import type { Initramfs } from "../assets/assets.ts";
import { InfrastructureError } from "../errors/harness-error.ts";

/** Bytes that an archive may have, unpacked. */
const archiveLimit = 64 * 1024 * 1024;
/** Length of a member's header: magic and 13 fields of 8 digits (initramfs-buffer-format.rst). */
const headerBytes = 110;

/**
 * The program of an initramfs.
 * @throws {InfrastructureError} where it has none
 */
export async function readAgentProgram({ path }: Pick<Initramfs, "path">): Promise<Buffer> {
  const archive = gunzipSync(await readFile(path), { maxOutputLength: archiveLimit });
  const program = findMember(archive, "init");
  if (program !== null) return program;
  throw new InfrastructureError({ what: `Cannot find the agent in "${path}"`, remedy: "Run ci/setup --update" });
}

/** The content of a member of a cpio archive, or null. */
export function findMember(archive: Buffer, wanted: string): Buffer | null {
  const field = (at: number, index: number): number =>
    Number.parseInt(archive.toString("latin1", at + 6 + 8 * index, at + 14 + 8 * index), 16);
  for (let at = 0; at + headerBytes <= archive.length && archive.toString("latin1", at, at + 6) === "070701";) {
    const [size, nameSize] = [field(at, 6), field(at, 11)];
    const name = archive.toString("utf8", at + headerBytes, at + headerBytes + nameSize - 1);
    const start = Math.ceil((at + headerBytes + nameSize) / 4) * 4;
    if (name === wanted) return archive.subarray(start, start + size);
    at = Math.ceil((start + size) / 4) * 4;
  }
  return null;
}
