// Lets Node run the project's TypeScript as it is: `node --import <this file> program.ts`. For tests that need a
// process of their own, which is then killed or interrupted.
import { readFile } from "node:fs/promises";
import { register } from "node:module";
import { isMainThread } from "node:worker_threads";
import { fileURLToPath } from "node:url";

// Node runs loaders in a thread of their own, where this file is the loader.
if (isMainThread) register(import.meta.url);

/** A hook of Node's loader. */
export async function load(url, context, nextLoad) {
  if (!url.endsWith(".ts")) return nextLoad(url, context);
  // Loaded here, for the main thread has no use for it.
  const { default: ts } = await import("typescript");
  const compilerOptions = { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2023 };
  const source = await readFile(fileURLToPath(url), "utf8");
  return { format: "module", source: ts.transpileModule(source, { compilerOptions }).outputText, shortCircuit: true };
}
