/** A kernel that the user names: used as it is, and asked what it is. */
import { readFile, stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { gunzipSync } from "node:zlib";
import type { Kernel } from "../assets/assets.ts";
import { digestBytes } from "../assets/digest.ts";
import { UsageError } from "../errors/harness-error.ts";
import { listOptions, parseConfiguration } from "./configuration.ts";

/** More than any kernel image has. */
const imageLimit = 256 * 1024 * 1024;

/**
 * A kernel as it lies there. Its options are read from a configuration beside it or out of the image itself
 * (CONFIG_IKCONFIG); where neither is there, they are unknown.
 * @throws {UsageError} where the file is no kernel for s390x
 */
export async function examineGivenKernel(path: string): Promise<Kernel> {
  const image = resolve(path);
  const bytes = await readImage(image);
  const version = findRelease(bytes);
  if (version === null) {
    throw new UsageError({
      what: `Cannot use the kernel "${image}": it names no release, so it is no bzImage for s390x`,
      remedy: "Give arch/s390/boot/bzImage of a build, or /boot/vmlinuz-… of an s390x distribution",
    });
  }
  const places = listPlaces(image);
  const configuration =
    (await readFirst(places, [
      `config-${version}`,
      ".config",
      "config",
      basename(image).replace(/^vmlinuz|^bzImage/, "config"),
    ])) ?? extractConfiguration(bytes);
  return {
    image,
    vmlinux: await findFirst(places, ["vmlinux", `vmlinux-${version}`]),
    version,
    digest: digestBytes(bytes),
    options: configuration === null ? [] : listOptions(parseConfiguration(configuration)),
    patches: [],
    origin: "given",
  };
}

/** The release out of an image: s390's boot code has it in the clear, `7.2.13 (user@host) #1 SMP …`. */
export function findRelease(image: Buffer): string | null {
  return /(\d+\.\d+[\w.+~-]*) \([^()\0]{1,100}\) #\d+/.exec(image.toString("latin1"))?.[1] ?? null;
}

/** The configuration that CONFIG_IKCONFIG puts into a kernel, where the image is not compressed. */
export function extractConfiguration(image: Buffer): string | null {
  const marker = "IKCFG_ST";
  const start = image.indexOf(marker);
  const end = image.indexOf("IKCFG_ED", start);
  if (start < 0 || end < 0) return null;
  try {
    return gunzipSync(image.subarray(start + marker.length, end), { maxOutputLength: imageLimit }).toString();
  } catch {
    return null;
  }
}

async function readImage(path: string): Promise<Buffer> {
  try {
    const { size } = await stat(path);
    if (size <= imageLimit) return await readFile(path);
  } catch (cause) {
    throw new UsageError({ what: `Cannot read the kernel "${path}"`, remedy: "Give the path of a bzImage", cause });
  }
  throw new UsageError({
    what: `Cannot use the kernel "${path}": it is too large`,
    remedy: "Give a bzImage, not a disk",
  });
}

/** Where a kernel's other files are: beside it, and at the top of the build folder that it lies in. */
function listPlaces(image: string): readonly string[] {
  const folder = dirname(image);
  return folder.endsWith("/arch/s390/boot") ? [folder, join(folder, "../../..")] : [folder];
}

async function findFirst(folders: readonly string[], names: readonly string[]): Promise<string | null> {
  for (const path of folders.flatMap((folder) => names.map((name) => join(folder, name)))) {
    const found = await stat(path).then(
      (file) => file.isFile(),
      () => false,
    );
    if (found) return path;
  }
  return null;
}

async function readFirst(folders: readonly string[], names: readonly string[]): Promise<string | null> {
  const path = await findFirst(folders, names);
  return path === null ? null : readFile(path, "utf8");
}
