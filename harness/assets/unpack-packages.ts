/** Debian packages unpacked into a folder, and run from there. */
import { mkdir, readdir, rm } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { InfrastructureError } from "../errors/harness-error.ts";
import { runTool } from "./run-tool.ts";

const unpackLimit = 5 * 60 * 1000;

/** Unpacks packages into one tree, which is handed back, and removes the .deb files. */
export async function unpackPackages(debs: readonly string[], tree: string, signal: AbortSignal): Promise<string> {
  await mkdir(tree, { recursive: true });
  for (const deb of debs) {
    const purpose = `unpack "${deb}"`;
    await runTool({ command: "dpkg-deb", arguments: ["-x", deb, tree], purpose, signal, limit: unpackLimit });
    await rm(deb);
  }
  return tree;
}

/** Folders of a tree that hold shared libraries, relative to it: those of the architecture and their direct children. */
export async function findLibraryFolders(tree: string): Promise<readonly string[]> {
  const folders: string[] = [];
  for (const top of ["usr/lib", "lib", "usr/lib64", "lib64"]) {
    const inside = await listFolders(join(tree, top));
    const ofArchitecture = inside.filter((name) => /-linux-gnu\w*$/.test(name));
    for (const name of [".", ...ofArchitecture]) {
      const folder = join(tree, top, name);
      const below = name === "." ? [] : (await listFolders(folder)).map((child) => join(folder, child));
      for (const candidate of [folder, ...below]) {
        const files = await readdir(candidate).catch((): string[] => []);
        if (files.some((file) => /^lib.*\.so(\.|$)/.test(file))) folders.push(relative(tree, candidate));
      }
    }
  }
  return folders;
}

/**
 * The dynamic loader of a tree, relative to it.
 * @throws {InfrastructureError} where it has none
 */
export async function findLoader(tree: string, libraries: readonly string[]): Promise<string> {
  for (const folder of [...libraries, "lib64", "lib", "usr/lib64", "usr/lib"]) {
    const files = await readdir(join(tree, folder)).catch((): string[] => []);
    const loader = files.find((file) => /^ld(-linux[\w-]*|64)\.so\.\d+$/.test(file));
    if (loader !== undefined) return join(folder, loader);
  }
  throw new InfrastructureError({
    what: `Cannot find a dynamic loader in "${dirname(tree)}": no libc6 among its packages`,
  });
}

async function listFolders(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
}
