/** How a ready-made kernel of Debian's is asked for: `debian/6.12`. */
import { isAbsolute, resolve } from "node:path";
import { parseFlavourName } from "./flavour.ts";
import { parseLeanVersion } from "./lean-version.ts";

const prefix = "debian/";

/**
 * The version that a name asks for, or null where it is no such name but a path; a file in a folder of that name is
 * written `./debian/…`.
 */
export function parseDebianName(kernel: string): string | null {
  const version = kernel.startsWith(prefix) ? kernel.slice(prefix.length) : "";
  return /^\d[\w.~+-]*$/.test(version) ? version : null;
}

/** The name that asks for a version. */
export const spellDebianName = (version: string): string => `${prefix}${version}`;

/** Whether a package's version is one that is asked for: all of it, or its beginning up to where a number ends. */
export function isVersion(version: string, wanted: string): boolean {
  return version.startsWith(wanted) && !/^\w/.test(version.slice(wanted.length));
}

/** A kernel as the user gives it, from a folder: a name stays as it is, a path is made absolute. */
export function locateKernel(kernel: string, folder: string): string {
  return isKernelName(kernel) || isAbsolute(kernel) ? kernel : resolve(folder, kernel);
}

/** Whether it names a kernel to be fetched or built, and is no path of one. */
export const isKernelName = (kernel: string): boolean =>
  [parseDebianName, parseLeanVersion, parseFlavourName].some((parse) => parse(kernel) !== null);
