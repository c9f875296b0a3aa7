/** `zhil.config.ts`, loaded on any Node: types are taken away, and nothing but the file and what it imports is evaluated. */
import { existsSync } from "node:fs";
import { dirname, extname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { createJiti } from "jiti";
import { UsageError } from "../errors/harness-error.ts";
import { checkConfig, type CheckedConfig } from "./config.ts";

/** Names that are looked for where nobody names a file, the first that is there. */
const usualNames = ["zhil.config.ts", "zhil.config.mts", "zhil.config.js", "zhil.config.mjs"] as const;

/** A configuration, and where it is from. */
export interface LoadedConfig {
  readonly config: CheckedConfig;
  readonly file: string;
  /** What its paths are relative to. */
  readonly folder: string;
}

/**
 * Loads a configuration; the usual one of a folder where none is named.
 * @throws {UsageError} where there is none, it cannot be evaluated, or it is wrong
 */
export async function loadConfig(given: string | null, workingFolder: string): Promise<LoadedConfig> {
  const file = findConfig(given, workingFolder);
  // Its own module for "zpci-hil/config", so that a configuration works wherever it lies.
  const own = fileURLToPath(new URL(`./define-config${extname(import.meta.url)}`, import.meta.url));
  const jiti = createJiti(import.meta.url, {
    alias: { "zpci-hil/config": own },
    ...{ fsCache: false, moduleCache: false, interopDefault: false },
  });
  const loaded = await jiti.import<{ readonly default?: unknown }>(file).catch((cause: unknown) => {
    throw new UsageError({ what: `Cannot load the configuration "${file}"`, cause });
  });
  if (loaded.default === undefined) {
    throw new UsageError({
      what: `Cannot use the configuration "${file}": it has no default export`,
      remedy: 'Write "export default defineConfig({ … })"',
    });
  }
  return { config: checkConfig(loaded.default, file), file, folder: dirname(file) };
}

/** The configuration that a folder has under one of the usual names; null where there is none. */
export const findUsualConfig = (folder: string): string | null =>
  usualNames.map((name) => resolve(folder, name)).find((path) => existsSync(path)) ?? null;

function findConfig(given: string | null, workingFolder: string): string {
  const named = given === null ? null : resolve(workingFolder, given);
  if (named !== null && existsSync(named)) return named;
  const usual = named === null ? findUsualConfig(workingFolder) : null;
  if (usual !== null) return usual;
  throw new UsageError({
    what: given === null ? `No ${usualNames[0]} in "${workingFolder}"` : `No configuration "${given}"`,
    remedy: "Write one, as docs/nightly.md says, or docs/hardware.md for a real host, or name one with --config",
  });
}
