/** What a bisection found, as a record: what `--json` prints and `report.json` holds. */
import * as z from "zod";
import { spellSignature } from "../../src/bisect/signature.ts";
import { quoteForShell } from "../qemu/quote-for-shell.ts";
import type { BisectEvent, BisectRequest, BisectState } from "./bisect-state.ts";
import { archive } from "./archived-range.ts";
import type { TellCommit } from "./range.ts";
import { findBuilt, type BisectResult } from "./run-bisect.ts";
import { shortId } from "./short-id.ts";
import { spellAs } from "./try-kernel.ts";

const commitSchema = z.strictObject({
  commit: z.string(),
  author: z.string().describe("As the commit has it: name <address>"),
  date: z.string(),
  subject: z.string(),
  people: z.array(z.string()).describe("Whom its trailers name"),
});

const sideSchema = z
  .strictObject({
    commit: z.string(),
    image: z.string(),
    seen: z.int().describe("Runs that showed the failure"),
    runs: z.int(),
    evidence: z.string().describe("Folder of the last of them"),
    reason: z.string().nullable().describe("What it showed"),
    reproduce: z.string().describe("Shell line that builds the kernel again and runs the scenario on it"),
  })
  .nullable();

const reportSchema = z.strictObject({
  record: z.literal(1),
  of: z.enum(["commits", "versions"]).describe("What it went through: a repository, or what the archive has"),
  find: z.enum(["bad", "fix"]),
  scenario: z.string(),
  sought: z.string().nullable().describe("The failure, as --seek takes it"),
  judgedAs: z.string().nullable().describe("Version by whose rules kernels were judged; null: each by its own"),
  range: z.strictObject({ base: z.string(), tip: z.string(), commits: z.int() }),
  found: z.array(commitSchema).describe("The likeliest first; more than one where those between cannot be tested"),
  doubt: z
    .enum(["none", "before", "never"])
    .describe("before: it may be older than the range; never: it may not have come, or gone, at all"),
  confidence: z.number(),
  rate: z.number().nullable().describe("How often kernels that have the failure showed it"),
  with: sideSchema.describe("A kernel that has it"),
  without: sideSchema.describe("A kernel that does not"),
  log: z.array(
    z.strictObject({
      ...{ at: z.string(), seconds: z.number(), commit: z.string() },
      outcome: z.enum(["built", "same", "seen", "absent", "skipped"]),
      detail: z.string().nullable(),
    }),
  ),
  seconds: z.number().describe("Of all steps"),
});

/** The record of a bisection. */
export type BisectReport = z.output<typeof reportSchema>;

/** Puts together what a bisection found, and what there is to be told of the commits. */
export async function makeReport({ state, answer }: BisectResult, tell: TellCommit): Promise<BisectReport> {
  const { request, commits, signature, events } = state;
  const indexes = answer.kind === "answer" ? answer.commits : [];
  const found = [];
  for (const index of indexes) {
    const commit = commits[index]?.id ?? "";
    const { author, email, people, ...rest } = await tell(commit);
    found.push({ commit, author: `${author} <${email}>`, people: [...people], ...rest });
  }
  const runs = events.filter((event) => event.kind === "run");
  const having = new Set(runs.filter(({ sight }) => sight === "seen").map((run) => run.commit));
  const [first = commits.length] = indexes;
  const isFix = request.find === "fix";
  // Of kernels that never showed it, the last before it came, or the first after it went, and the other way round.
  const order = [request.base, ...commits.map(({ id }) => id)];
  const tested = order.filter((id) => runs.some((run) => run.commit === id));
  const at = order.indexOf(commits[first]?.id ?? "");
  const before = tested.findLast((id) => order.indexOf(id) < at && having.has(id) === isFix);
  const after = tested.find((id) => order.indexOf(id) >= at && having.has(id) !== isFix);
  const [ill, well] = isFix ? [before, after] : [after, before];
  const ofIll = runs.filter((run) => having.has(run.commit));
  const seen = ofIll.filter(({ sight }) => sight === "seen").length;
  return {
    record: 1,
    of: request.repository === archive ? "versions" : "commits",
    ...{ find: request.find, scenario: request.scenario, found },
    sought: signature === null ? null : spellSignature(signature),
    judgedAs: request.judgedAs,
    range: { base: request.base, tip: request.tip, commits: commits.length },
    doubt: answer.kind !== "answer" ? "none" : answer.before ? "before" : answer.never ? "never" : "none",
    confidence: answer.kind === "answer" ? answer.confidence : 0,
    rate: ofIll.length === 0 ? null : seen / ofIll.length,
    with: sideOf(state, ill),
    without: sideOf(state, well),
    log: events.map((event, index) => logOf(event, events.slice(0, index))),
    seconds: events.reduce((sum, event) => sum + event.seconds, 0),
  };
}

function sideOf(state: BisectState, commit: string | undefined): BisectReport["with"] {
  const built = commit === undefined ? null : findBuilt(state, commit);
  if (built === null) return null;
  const runs = state.events.filter((event) => event.kind === "run").filter((run) => run.commit === built.commit);
  const shown = runs.findLast(({ sight }) => sight === "seen") ?? runs.at(-1);
  return {
    commit: built.commit,
    image: built.image,
    seen: runs.filter(({ sight }) => sight === "seen").length,
    runs: runs.length,
    evidence: shown?.evidence ?? "",
    reason: shown?.reason ?? null,
    reproduce: reproduce(state.request, built.commit),
  };
}

function reproduce({ repository, scenario, judgedAs, flavour, qemu }: BisectRequest, commit: string): string {
  const run = ["zhil", "run", scenario, ...spellAs(judgedAs), ...(qemu === null ? [] : ["--qemu", qemu])];
  if (repository === archive) return quoteForShell([...run, "--kernel", commit]);
  const flavoured = flavour === null ? [] : ["--flavour", flavour];
  const build = quoteForShell(["zhil", "kernel", "build", "--repo", ".", "--commit", commit, ...flavoured]);
  return `${quoteForShell(run)} --kernel "$(${build})"`;
}

function logOf(event: BisectEvent, before: readonly BisectEvent[]): BisectReport["log"][number] {
  const { at, seconds, commit } = event;
  const place = { at, seconds, commit };
  if (event.kind === "untestable") return { ...place, outcome: "skipped", detail: event.reason };
  if (event.kind === "run") return { ...place, outcome: event.sight, detail: event.reason };
  const same = before.find((other) => other.kind === "built" && other.digest === event.digest);
  return same === undefined
    ? { ...place, outcome: "built", detail: null }
    : { ...place, outcome: "same", detail: `the kernel of ${shortId(same.commit)}` };
}
