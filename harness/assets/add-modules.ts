/** The agent's archive and a kernel's modules in one file: the kernel unpacks archives one after the other. */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Initramfs } from "./assets.ts";
import { publishEntry, readEntry } from "./cache.ts";
import { digestBytes, makeKey } from "./digest.ts";
import { withLock } from "./file-lock.ts";
import type { Preparation } from "./preparation.ts";

const kind = "initramfs-with-modules";
const archiveName = "initramfs.gz";

/** What the cache keeps of one. */
interface Joined {
  readonly digest: string;
}

/** The initramfs that is booted: the agent's as it is where the kernel brings no modules, else with them behind it. */
export async function addModules(
  preparation: Preparation,
  agent: Initramfs,
  modules: Initramfs | null,
): Promise<Initramfs> {
  if (modules === null) return agent;
  const { root } = preparation;
  const key = makeKey({ agent: agent.digest, modules: modules.digest });
  const known = await readEntry<Joined>(root, kind, key);
  const { folder, manifest } =
    known ??
    (await withLock({ ...preparation, name: kind, purpose: "adding a kernel's modules to the agent" }, () =>
      publishEntry<Joined>(root, kind, key, async (unfinished) => {
        const joined = Buffer.concat([await readFile(agent.path), await readFile(modules.path)]);
        await writeFile(join(unfinished, archiveName), joined);
        return { digest: digestBytes(joined) };
      }),
    ));
  return { path: join(folder, archiveName), digest: manifest.digest };
}
