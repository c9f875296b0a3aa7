/** A project of somebody's own, begun in a folder. */
import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import * as z from "zod";
import { projectRoot } from "../assets/project-root.ts";
import { runTool } from "../assets/run-tool.ts";
import { InfrastructureError, UsageError } from "../errors/harness-error.ts";
import { makeFolders } from "../lifecycle/make-folders.ts";
import { projectFiles } from "./project-files.ts";

/** What is begun. */
export interface Beginning {
  readonly folder: string;
  /** Where npm finds zpci-hil; null to put this very one into the project, packed. */
  readonly package: string | null;
  readonly signal: AbortSignal;
}

/** Milliseconds. */
const packLimit = 120_000;
const packFolder = "vendor";

const manifestSchema = z.object({ peerDependencies: z.object({ vitest: z.string() }) });
const needsSchema = z.array(z.object({ package: z.string(), tests: z.boolean().default(false) }));

/**
 * Writes the files; gives their paths, as seen from the folder. Nothing that is there is touched.
 * @throws {UsageError} where one of them is there already; {InfrastructureError} where they cannot be written
 */
export async function beginProject({ folder, package: given, signal }: Beginning): Promise<readonly string[]> {
  const needs = await readOwn("ci/needs.json", needsSchema);
  const about = {
    name: spellName(basename(folder)),
    vitest: (await readOwn("package.json", manifestSchema)).peerDependencies.vitest,
    debianPackages: [...new Set(needs.filter(({ tests }) => !tests).map((need) => need.package))],
  };
  const paths = Object.keys(projectFiles({ ...about, package: "" }));
  const there = paths.filter((path) => existsSync(join(folder, path)));
  if (there.length > 0) {
    throw new UsageError({
      what: `Cannot begin a project in "${folder}": it has ${there.join(", ")} already`,
      remedy: "Name another folder; nothing was written",
    });
  }
  try {
    await makeFolders(folder);
    const packed = given === null ? await packOwn(join(folder, packFolder), signal) : null;
    const written = projectFiles({
      ...about,
      package: packed === null ? (given ?? "") : `file:${packFolder}/${packed}`,
    });
    for (const [path, text] of Object.entries(written)) {
      await makeFolders(dirname(join(folder, path)));
      await writeFile(join(folder, path), text, { flag: "wx" });
    }
    return packed === null ? paths : [...paths, `${packFolder}/${packed}`];
  } catch (cause) {
    if (cause instanceof Error && "code" in cause) {
      throw new InfrastructureError({ what: `Cannot write the project's files to "${folder}"`, cause });
    }
    throw cause;
  }
}

/** This zpci-hil as one file that npm installs; gives its name. */
async function packOwn(folder: string, signal: AbortSignal): Promise<string> {
  await makeFolders(folder);
  const said = await runTool({
    ...{
      command: "npm",
      arguments: ["pack", projectRoot, "--ignore-scripts", "--silent", "--pack-destination", folder],
    },
    ...{ purpose: "pack zpci-hil", signal, limit: packLimit, folder },
    remedy: "Install npm, or say with --package where npm finds zpci-hil",
  });
  return said.trim().split("\n").at(-1) ?? "";
}

async function readOwn<T>(name: string, schema: z.ZodType<T>): Promise<T> {
  return schema.parse(JSON.parse(await readFile(join(projectRoot, name), "utf8")));
}

/** A folder's name as npm takes it. */
const spellName = (name: string): string =>
  name
    .toLowerCase()
    .replace(/[^a-z0-9-]+/gu, "-")
    .replace(/^-+|-+$/gu, "") || "scenarios";
