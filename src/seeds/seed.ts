/** Seed documents: the threads of a mailing list that argue about a corner, claim by claim, and what decides each. */
import { parse } from "yaml";
import * as z from "zod";

const sentence = z.string().min(10).max(400);
const identifier = z.string().regex(/^[a-z][a-z0-9-]{2,60}$/, "a scenario's name");

const claimSchema = z.union([
  z.strictObject({
    claim: sentence.describe("What was claimed, in one sentence"),
    by: z.string().min(3).describe("Who claimed it"),
    scenarios: z.array(identifier).min(1).describe("Scenarios that decide it"),
    answer: sentence.describe("What kernels do, in one sentence"),
  }),
  z.strictObject({
    claim: sentence,
    by: z.string().min(3),
    undecidable: sentence.describe("Why no run can decide it"),
  }),
]);

/** A claim of a seed document: what decides it, or why nothing can. */
export type Claim = z.output<typeof claimSchema>;

const seedSchema = z.strictObject({
  seed: z.string().regex(/^\d{3}$/),
  thread: z.string().min(10).describe("Subject of the thread"),
  begun: z.iso.date(),
  claims: z.array(claimSchema).min(1),
});

/** A seed document's claims. */
export type Seed = z.output<typeof seedSchema>;

const answersSchema = z.strictObject({
  kernel: z.string().describe("What the kernel calls itself, and where it comes from"),
  qemu: z.string(),
  seen: z.iso.date(),
  verdicts: z
    .record(identifier, z.string().regex(/^(?:pass|fail|error|known [a-z0-9-]+(?:, [a-z0-9-]+)*|skip \S.*)$/u))
    .describe("By scenario: pass, fail, error, known with ledger entries, or skip and why"),
});

/** What one kernel answered. */
export type Answers = z.output<typeof answersSchema>;

/**
 * Reads the claims of a seed document.
 * @throws {Error} naming the file and the field
 */
export const parseSeed = (text: string, file: string): Seed => read(seedSchema, text, file);

/**
 * Reads what a kernel answered.
 * @throws {Error} naming the file and the field
 */
export const parseAnswers = (text: string, file: string): Answers => read(answersSchema, text, file);

function read<T>(schema: z.ZodType<T>, text: string, file: string): T {
  const parsed = schema.safeParse(parse(text));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new Error(
    `Cannot read "${file}": ${issue?.path.join(".") ?? ""}: ${issue?.message ?? "not what it should be"}`,
  );
}
