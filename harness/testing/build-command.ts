/** The command `zhil` as a program, built in a few seconds: types are checked elsewhere. */
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { projectRoot } from "../assets/project-root.ts";

/** A built command, gone when disposed. */
export interface BuiltCommand extends AsyncDisposable {
  /** What is otherwise dist. */
  readonly folder: string;
  /** Path of its program, to be run with node. */
  readonly program: string;
}

/** Builds the command from the sources as they are. */
export async function buildCommand(): Promise<BuiltCommand> {
  // Below node_modules, so that packages and the project's root are found from there.
  const folder = await mkdtemp(join(projectRoot, "node_modules", ".zhil-built-"));
  const remove = (): Promise<void> => rm(folder, { recursive: true, force: true });
  const compiler = join(projectRoot, "node_modules/typescript-native/bin/tsc");
  const settings = ["-p", "tsconfig.build.json", "--incremental", "false", "--tsBuildInfoFile", "null", "--noCheck"];
  try {
    await buildPage();
    await execa(process.execPath, [compiler, ...settings, "--outDir", folder], { cwd: projectRoot });
    await execa(process.execPath, [join(projectRoot, "ci", "build-command.mjs"), folder], { cwd: projectRoot });
  } catch (error) {
    await remove();
    throw error;
  }
  return { folder, program: join(folder, "bin/zhil.js"), [Symbol.asyncDispose]: remove };
}

/** A page's parts lie where the build puts them, wherever the command lies. */
export async function buildPage(): Promise<void> {
  if (existsSync(join(projectRoot, "dist", "page", "page.js"))) return;
  await execa(process.execPath, [join(projectRoot, "ci", "build-page.mjs")], { cwd: projectRoot });
}
