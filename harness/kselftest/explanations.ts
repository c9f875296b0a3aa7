/** Why cases fail or are skipped here, as a data file says it: with what they say then, and under which configuration. */
import { readFile } from "node:fs/promises";
import * as z from "zod";
import { parse } from "yaml";
import { InfrastructureError } from "../errors/harness-error.ts";
import { globToRegExp } from "../scenarios/select-scenarios.ts";

const text = z.string().trim().min(1);

/** One explanation. */
export const explanationSchema = z.strictObject({
  name: z.string().regex(/^[a-z][a-z0-9-]{2,60}$/u),
  /** Names of cases, with `*` and `?`. */
  cases: z.array(text).min(1),
  outcome: z.enum(["fail", "skip"]),
  /** What a case says then, in a line of its diagnosis or its reason: other fails are not explained by this. */
  says: text,
  /** It holds only on kernels that lack one of these options; on all where absent. */
  without: z.array(z.string().regex(/^[A-Z0-9_]+$/u)).optional(),
  /** Who would have to change something. */
  fault: z.enum(["test", "kernel", "qemu", "configuration", "nobody"]),
  why: text,
  /** How that was found out. */
  evidence: text,
});

/** One explanation. */
export type Explanation = z.output<typeof explanationSchema>;

/**
 * Reads the explanations of a collection.
 * @throws {InfrastructureError} naming the entry and what is wrong with it: without it, explained fails would count
 */
export async function readExplanations(file: string): Promise<readonly Explanation[]> {
  const fail = (detail: string, cause?: unknown): never => {
    throw new InfrastructureError({ what: `Cannot read the explanations "${file}": ${detail}`, cause });
  };
  let raw: unknown;
  try {
    raw = parse(await readFile(file, "utf8"));
  } catch (cause) {
    return fail("not YAML", cause);
  }
  if (!Array.isArray(raw)) return fail("not a list");
  const parsed = z.array(explanationSchema).safeParse(raw);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    return fail(`${issue?.path.join(".") ?? ""}: ${issue?.message ?? "no entry"}`);
  }
  const names = parsed.data.map(({ name }) => name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) return fail(`"${twice}" is there twice`);
  return parsed.data;
}

/** Those that are about a case, on a kernel with these options; an empty list of options means that it does not tell. */
export function explanationsOf(
  explanations: readonly Explanation[],
  name: string,
  options: readonly string[],
): readonly Explanation[] {
  return explanations
    .filter(({ cases }) => cases.some((pattern) => globToRegExp(pattern).test(name)))
    .filter(({ without }) => without === undefined || without.some((option) => !options.includes(option)));
}
