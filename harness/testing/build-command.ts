/** The command `zhil` as a program, built in about a second: types are checked elsewhere. */
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import ts from "typescript";
import { projectRoot } from "../assets/project-root.ts";

/** A built command, gone when disposed. */
export interface BuiltCommand extends AsyncDisposable {
  /** Path of its program, to be run with node. */
  readonly program: string;
}

/** Builds the command from the sources as they are. */
export async function buildCommand(): Promise<BuiltCommand> {
  // Below node_modules, so that packages and the project's root are found from there.
  const folder = await mkdtemp(join(projectRoot, "node_modules", ".zhil-built-"));
  const remove = (): Promise<void> => rm(folder, { recursive: true, force: true });
  try {
    for (const part of ["src", "harness"]) {
      const files = await readdir(join(projectRoot, part), { recursive: true });
      const sources = files.filter((file) => file.endsWith(".ts") && !file.endsWith(".test.ts"));
      await Promise.all(sources.map((file) => transpile(join(part, file), folder)));
    }
  } catch (error) {
    await remove();
    throw error;
  }
  return { program: join(folder, "harness/cli/main.js"), [Symbol.asyncDispose]: remove };
}

async function transpile(file: string, folder: string): Promise<void> {
  const { outputText } = ts.transpileModule(await readFile(join(projectRoot, file), "utf8"), {
    fileName: file,
    compilerOptions: {
      target: ts.ScriptTarget.ES2023,
      module: ts.ModuleKind.ESNext,
      verbatimModuleSyntax: true,
      rewriteRelativeImportExtensions: true,
    },
  });
  const target = join(folder, file.replace(/\.ts$/u, ".js"));
  await mkdir(dirname(target), { recursive: true });
  await writeFile(target, outputText);
}
