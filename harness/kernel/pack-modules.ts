/** The modules a kernel cannot do without here, packed as an archive that is unpacked over the agent's. */
import { readdir, readFile, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { gzipSync } from "node:zlib";
import type { Initramfs } from "../assets/assets.ts";
import { writeCpio } from "../assets/cpio.ts";
import { digestBytes } from "../assets/digest.ts";
import { runTool } from "../assets/run-tool.ts";
import { InfrastructureError } from "../errors/harness-error.ts";
import { readDependencies, spellModule } from "./module-info.ts";

/**
 * What scenarios need where it is not built in: the agent's channel, and what hands functions to user space. No driver
 * of a function's own is among them: none may be in the way.
 */
export const neededModules = ["virtio_console", "iommufd", "vfio", "vfio_iommu_type1", "vfio_pci"] as const;

/** Programs that take a module's compression off, by the end of its file's name. */
const decompressors: Readonly<Record<string, string>> = { ".xz": "xz", ".zst": "zstd", ".gz": "gzip" };
const decompressLimit = 60_000;

/** A module, unpacked. */
interface Module {
  /** Name of its file. */
  readonly file: string;
  readonly content: Buffer;
}

/**
 * Writes the archive of the modules below a folder that are needed, with all they depend on, and the list by which the
 * agent loads them. A module that is not there is built in, or this kernel does not have it; null where that is so of all.
 * The files of modules that are packed are decompressed where they lie.
 * @throws {InfrastructureError} where a module cannot be read, or one it depends on is not there
 */
export async function packModules(folder: string, path: string, signal: AbortSignal): Promise<Initramfs | null> {
  const files = new Map(
    (await readdir(folder, { recursive: true })).filter(isModule).map((file) => [spellModule(basename(file)), file]),
  );
  const modules = new Map<string, Module>();
  const add = async (name: string, file: string): Promise<void> => {
    if (modules.has(name)) return;
    const content = await readModule(join(folder, file), signal);
    for (const dependency of listDependencies(file, content)) {
      const found = files.get(dependency);
      if (found === undefined) {
        throw new InfrastructureError({
          what: `Cannot load the kernel module "${name}": it needs "${dependency}", which its package does not have`,
        });
      }
      await add(dependency, found);
    }
    // After those it depends on: this is the order they are loaded in.
    modules.set(name, { file: `${name}.ko`, content });
  };
  for (const name of neededModules) {
    const file = files.get(name);
    if (file !== undefined) await add(name, file);
  }
  return modules.size === 0 ? null : writeArchive([...modules.values()], path);
}

function isModule(file: string): boolean {
  return /\.ko(\.\w+)?$/.test(file);
}

async function readModule(path: string, signal: AbortSignal): Promise<Buffer> {
  const ending = /\.ko(\.\w+)$/.exec(path)?.[1];
  if (ending === undefined) return readFile(path);
  const command = decompressors[ending];
  if (command === undefined) {
    throw new InfrastructureError({ what: `Cannot unpack the kernel module "${path}": unknown compression` });
  }
  const purpose = `unpack the kernel module "${basename(path)}"`;
  await runTool({ command, arguments: ["--decompress", "--force", path], purpose, signal, limit: decompressLimit });
  return readFile(path.slice(0, -ending.length));
}

function listDependencies(file: string, content: Buffer): readonly string[] {
  try {
    return readDependencies(content);
  } catch (cause) {
    throw new InfrastructureError({ what: `Cannot read the kernel module "${file}"`, cause });
  }
}

async function writeArchive(modules: readonly Module[], path: string): Promise<Initramfs> {
  const list = modules.map(({ file }) => `${file}\n`).join("");
  const archive = writeCpio([
    { path: "modules", kind: "folder", mode: 0o755 },
    { path: "modules/load", kind: "file", mode: 0o644, content: Buffer.from(list) },
    ...modules.map(({ file, content }) => ({ path: `modules/${file}`, kind: "file", mode: 0o644, content }) as const),
  ]);
  const packed = gzipSync(archive, { level: 9 });
  await writeFile(path, packed);
  return { path, digest: digestBytes(packed) };
}
