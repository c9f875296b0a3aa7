import type { Answers, Claim, Seed } from "./seed.ts";

/** The page of Markdown with every claim of every seed document, what decides it, and what each kernel answered. */
export function describeSeeds(seeds: readonly Seed[], kernels: readonly Answers[]): string {
  return [
    "# What the seed documents argue about",
    "",
    "Five threads of the kernel's mailing lists began this project. Each claim in them, who made it, the scenarios that decide it, and",
    "what each kernel answered. `zhil run --seed 000` runs those of one thread, `zhil list --seed 000` says what each decides.",
    "",
    "Made by `npm run docs` from `fixtures/seeds`; verdicts come from runs (`node ci/write-seed-answers.mjs RUN`), nobody writes them by hand. *holds*: every",
    "scenario passed; *but for*: they deviate exactly as that entry of the [ledger](../fixtures/divergences/) says; *not asked*: the",
    "kernel was built without what it takes, or is too old for the question.",
    "",
    "| kernel | QEMU | seen |",
    "|---|---|---|",
    ...kernels.map(({ kernel, qemu, seen }) => `| ${kernel} | ${qemu} | ${seen} |`),
    "",
    ...seeds.flatMap((seed) => describeSeed(seed, kernels)),
  ].join("\n");
}

function describeSeed({ seed, thread, begun, claims }: Seed, kernels: readonly Answers[]): readonly string[] {
  const columns = ["claim", "by", "decided by", "answer", ...kernels.map(({ kernel }) => kernel)];
  return [
    `## ${seed}: ${escapeCell(thread)} (${begun})`,
    "",
    `| ${columns.join(" | ")} |`,
    `|${"---|".repeat(columns.length)}`,
    ...claims.map((claim) => `| ${describeClaim(claim, kernels).map(escapeCell).join(" | ")} |`),
    "",
  ];
}

function describeClaim(claim: Claim, kernels: readonly Answers[]): readonly string[] {
  if ("undecidable" in claim) {
    return [claim.claim, claim.by, "no run can", claim.undecidable, ...kernels.map(() => "–")];
  }
  const { scenarios, answer } = claim;
  return [claim.claim, claim.by, scenarios.join(", "), answer, ...kernels.map((each) => sumUp(scenarios, each))];
}

/** What a kernel's verdicts on a claim's scenarios come to. */
export function sumUp(scenarios: readonly string[], { verdicts }: Pick<Answers, "verdicts">): string {
  const found = scenarios.map((name) => ({ name, verdict: verdicts[name] ?? "not run" }));
  const bad = found.filter(({ verdict }) => /^(?:fail|error|not run)$/u.test(verdict));
  if (bad.length > 0) return bad.map(({ name, verdict }) => `**${verdict}**: ${name}`).join(", ");
  const run = found.filter(({ verdict }) => !verdict.startsWith("skip "));
  if (run.length === 0) return `not asked: ${listReasons(found)}`;
  const known = listAll(run, "known ");
  const part = run.length === found.length ? "" : ` (${run.length} of ${found.length} run)`;
  return `${known.length === 0 ? "holds" : `but for ${known.join(", ")}`}${part}`;
}

/** Why none was asked, each reason once. */
const listReasons = (found: readonly { readonly verdict: string }[]): string =>
  [...new Set(found.map(({ verdict }) => verdict.slice("skip ".length)))].join("; ");

/** What the verdicts with a beginning name, each once. */
const listAll = (found: readonly { readonly verdict: string }[], beginning: string): readonly string[] => [
  ...new Set(
    found
      .filter(({ verdict }) => verdict.startsWith(beginning))
      .flatMap(({ verdict }) => verdict.slice(beginning.length).split(", ")),
  ),
];

const escapeCell = (text: string): string =>
  text.replaceAll("|", "\\|").replaceAll("_", "\\_").replaceAll("*:", "*:");
