/** A real browser for tests: Debian's Chromium without a screen. */
import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { prepareArchiveProgram } from "./archive-program.ts";

/** A browser that Playwright can start. */
export interface Browser {
  readonly executablePath: string;
  readonly environment: Readonly<Record<string, string>>;
}

const shell = "chromium-headless-shell";

/**
 * The browser, fetched where the cache has none.
 * @throws {InfrastructureError} where the archive has none
 */
export async function prepareChromium(signal: AbortSignal): Promise<Browser> {
  const wanted = {
    ...{ kind: "chromium", what: "Chromium", packages: [shell] },
    find: findProgram,
    // What fontconfig depends on brings fonts.
    complete: writeFontConfiguration,
  };
  const { folder, program, libraryPath } = await prepareArchiveProgram(wanted, signal);
  return {
    executablePath: program,
    environment: { LD_LIBRARY_PATH: libraryPath, FONTCONFIG_FILE: join(folder, "fonts.conf") },
  };
}

async function findProgram(tree: string): Promise<string | null> {
  const folder = "usr/lib/chromium";
  const names = await readdir(join(tree, folder)).catch(() => []);
  const name = names.find((each) => each === shell || each === "headless_shell");
  return name === undefined ? null : join(folder, name);
}

/** Nothing of the machine's own fonts: text is as wide everywhere. */
async function writeFontConfiguration(folder: string): Promise<void> {
  const lines = [
    '<?xml version="1.0"?>',
    "<fontconfig>",
    `<dir>${join(folder, "tree/usr/share/fonts")}</dir>`,
    `<cachedir>${join(folder, "fontcache")}</cachedir>`,
    "</fontconfig>",
  ];
  await writeFile(join(folder, "fonts.conf"), `${lines.join("\n")}\n`);
}
