/** The divergence ledger on disk. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { parse } from "yaml";
import { divergenceSchema, type Divergence, type Ledger } from "../../src/verdict/ledger.ts";
import { projectRoot } from "../assets/project-root.ts";
import { InfrastructureError } from "../errors/harness-error.ts";

/** Folder of the ledger that comes with the project. */
export const ledgerFolder: string = join(projectRoot, "fixtures", "divergences");

/**
 * Reads every entry of the ledger. An entry that cannot be read stops the run: without it, known differences would
 * count as failures.
 * @throws {InfrastructureError} naming the file and what is wrong with it
 */
export async function readLedger(folder: string = ledgerFolder): Promise<Ledger> {
  const found = await readdir(folder).catch((cause: unknown) => {
    throw new InfrastructureError({ what: `Cannot read the ledger in "${folder}"`, cause });
  });
  const names = found.filter((name) => /\.ya?ml$/u.test(name)).sort();
  return Promise.all(names.map((name) => readEntry(join(folder, name), name.replace(/\.ya?ml$/u, ""))));
}

async function readEntry(file: string, expectedName: string): Promise<Divergence> {
  const fail = (detail: string, cause?: unknown): never => {
    throw new InfrastructureError({ what: `Cannot read the ledger entry "${file}": ${detail}`, cause });
  };
  let raw: unknown;
  try {
    raw = parse(await readFile(file, "utf8"));
  } catch (cause) {
    return fail("not YAML", cause);
  }
  const parsed = divergenceSchema.safeParse(raw);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    return fail(`${issue?.path.join(".") ?? ""}: ${issue?.message ?? "not an entry"}`);
  }
  if (parsed.data.name !== expectedName) return fail(`it is named "${parsed.data.name}", its file otherwise`);
  return parsed.data;
}
