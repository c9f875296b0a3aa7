/** Scenario files on disk. */
import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { basename, dirname, extname, join, relative, sep } from "node:path";
import { parseScenario, ScenarioError } from "../../src/scenario/parse.ts";
import type { Scenario } from "../../src/scenario/scenario.ts";
import { isForGuests } from "../../src/scenario/requirements.ts";
import { variantsOf } from "../../src/scenario/variants.ts";
import { projectRoot } from "../assets/project-root.ts";
import { UsageError } from "../errors/harness-error.ts";

/** Folder of the scenarios that come with the project. */
export const scenariosFolder: string = join(projectRoot, "fixtures", "scenarios");

/** A file that should have been a scenario: kept, so that the rest can run and this one is not forgotten. */
export interface BrokenScenario {
  /** Name of its file, without extension. */
  readonly name: string;
  readonly file: string;
  readonly error: Error;
}

/** What a folder of scenarios holds, in order of names. */
export interface ScenarioFolder {
  readonly scenarios: readonly Scenario[];
  readonly broken: readonly BrokenScenario[];
}

/** What of it is not for guests and their hosts alone. */
export const withoutGuests = ({ scenarios, broken }: ScenarioFolder): ScenarioFolder => ({
  scenarios: scenarios.filter((each) => !isForGuests(each)),
  broken,
});

/** Whether a path has the name of a scenario file. */
export const isScenarioPath = (path: string): boolean => /\.ya?ml$/u.test(path);

/** Folders below a folder of scenarios that hold none: what runs leave behind, what is hidden, packages. */
const isOutOfBounds = (path: string): boolean =>
  dirname(path)
    .split(sep)
    .some((part) => part === "zhil-runs" || part === "node_modules" || (part.startsWith(".") && part !== "."));

const stem = (file: string): string => basename(file, extname(file));

/**
 * Reads every scenario below a folder.
 * @throws {UsageError} where the folder cannot be read
 */
export async function readScenarioFolder(folder: string): Promise<ScenarioFolder> {
  const names = await readdir(folder, { recursive: true }).catch((cause: unknown) => {
    throw new UsageError({
      what: `Cannot read the folder of scenarios "${folder}"`,
      remedy: "Name a folder with --scenarios",
      cause,
    });
  });
  const files = names.filter((name) => isScenarioPath(name) && !isOutOfBounds(name)).sort();
  const results = await Promise.all(files.map((file) => tryToRead(join(folder, file))));
  const scenarios: Scenario[] = [];
  const broken: BrokenScenario[] = [];
  for (const result of results) {
    if (!("steps" in result)) broken.push(result);
    else {
      const problem = findClash(result, scenarios);
      if (problem === null) scenarios.push(result, ...variantsOf(result));
      else broken.push({ name: stem(result.file), file: result.file, error: problem });
    }
  }
  return { scenarios: scenarios.sort((one, other) => (one.name < other.name ? -1 : 1)), broken };
}

/**
 * Reads one scenario file.
 * @throws {UsageError} where the file cannot be read; {ScenarioError} where it is no scenario
 */
export async function readScenario(file: string): Promise<Scenario> {
  const text = await readFile(file, "utf8").catch((cause: unknown) => {
    throw new UsageError({ what: `Cannot read the scenario file "${file}"`, cause });
  });
  return parseScenario(text, shortest(file));
}

/**
 * Scenarios that come with the project, and those on other devices: those of the names that there are, and their like.
 * @throws {ScenarioError} where one of them is no scenario
 */
export async function readNamed(names: Iterable<string>): Promise<readonly Scenario[]> {
  const written = new Set([...names].map((name) => join(scenariosFolder, `${name.replace(/@.*$/u, "")}.yaml`)));
  const read = await Promise.all([...written].filter((path) => existsSync(path)).map(readScenario));
  return read.flatMap((each) => [each, ...variantsOf(each)]);
}

async function tryToRead(file: string): Promise<Scenario | BrokenScenario> {
  try {
    return await readScenario(file);
  } catch (error) {
    return {
      name: stem(file),
      file: shortest(file),
      error: error instanceof Error ? error : new Error(String(error)),
    };
  }
}

/** In a folder a scenario is found by its name, so the name is the file's, and there is one of it. */
function findClash(scenario: Scenario, earlier: readonly Scenario[]): Error | null {
  const { name, file } = scenario;
  if (name !== stem(file)) {
    return new ScenarioError(file, 1, `it is named "${name}"; expected the name of its file, "${stem(file)}"`);
  }
  const twin = earlier.find((each) => each.name === name);
  return twin === undefined ? null : new ScenarioError(file, 1, `"${twin.file}" has the name "${name}" too`);
}

/** A path as a reader in this folder would write it. */
function shortest(file: string): string {
  const short = relative(process.cwd(), file);
  return short.startsWith("..") ? file : short;
}
