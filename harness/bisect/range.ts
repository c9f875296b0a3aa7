/** The commits between two ends, as git lists them. */
import { makeHistory, type Commit, type History } from "../../src/bisect/history.ts";
import { InfrastructureError, UsageError } from "../errors/harness-error.ts";
import { askGit, resolveCommit, type GitCall } from "../kernel/git-checkout.ts";

/** What the user says of the ends. */
export interface Ends {
  readonly good: string;
  readonly bad: string;
  /** Found out by which of them comes first, where absent. */
  readonly find?: "bad" | "fix";
  /** Takes each merge for one change, instead of looking into it. */
  readonly firstParent: boolean;
  /** Only commits that touch these; all of them where there are none. */
  readonly paths: readonly string[];
}

/** A range of commits: what came or went did so in one of them. */
export interface Range {
  readonly find: "bad" | "fix";
  /** The end where it begins. */
  readonly base: string;
  /** Parents first; the last is the end of the range. */
  readonly commits: readonly Commit[];
  /** What the user should know of how the ends were understood. */
  readonly notes: readonly string[];
}

/** Beyond that many, what each comes after takes too much memory and each choice too long. */
const largestRange = 10_000;

/**
 * Lists the commits between two ends.
 * @throws {UsageError} where there are none, too many, or the ends contradict what is to be found
 */
export async function listRange(call: GitCall, ends: Ends): Promise<Range> {
  const good = await resolveCommit(call, ends.good);
  const bad = await resolveCommit(call, ends.bad);
  if (good === bad)
    throw new UsageError({ what: `Cannot bisect: "${ends.good}" and "${ends.bad}" are the same commit` });
  const common = await mergeBase(call, good, bad);
  const find = ends.find ?? (common === bad ? "fix" : "bad");
  const [old, tip] = find === "bad" ? [good, bad] : [bad, good];
  if (common === tip) {
    throw new UsageError({
      what: `Cannot find the first ${find === "bad" ? "bad" : "fixing"} commit: the ${find === "bad" ? "bad" : "good"} end "${find === "bad" ? ends.bad : ends.good}" comes before the other`,
      remedy: `Use --find ${find === "bad" ? "fix" : "bad"}, or exchange the ends`,
    });
  }
  const notes =
    common === old
      ? []
      : [
          `Neither end comes after the other: beginning at ${common.slice(0, 12)}, where they part; it should be as ${old.slice(0, 12)} is`,
        ];
  const commits = await listCommits(call, common, tip, ends);
  return { find, base: common, commits, notes };
}

/** What people are told of a commit. */
export interface CommitText {
  readonly author: string;
  readonly email: string;
  /** `2026-11-21`. */
  readonly date: string;
  readonly subject: string;
  /** Whom its trailers name. */
  readonly people: readonly string[];
}

/** Tells of a commit by its id. */
export type TellCommit = (id: string) => Promise<CommitText>;

/** Reads what people are told of a commit. */
export async function readCommit(call: GitCall, id: string): Promise<CommitText> {
  const format = "%an%x00%ae%x00%as%x00%s%x00%(trailers:key=Signed-off-by,key=Reviewed-by,valueonly,unfold)";
  const text = await askGit(call, `read the commit "${id}"`, ["log", "--no-walk", `--format=${format}`, id]);
  const [author = "", email = "", date = "", subject = "", people = ""] = text.split("\0");
  return { author, email, date, subject, people: people.split("\n").filter((line) => line.trim() !== "") };
}

/** The history of a range. */
export const historyOf = ({ commits }: Pick<Range, "commits">): History => makeHistory(commits);

async function mergeBase(call: GitCall, one: string, other: string): Promise<string> {
  const text = await askGit(call, "find where the ends part", ["merge-base", one, other]).catch((cause: unknown) => {
    call.signal.throwIfAborted();
    throw new UsageError({ what: "Cannot bisect: the ends have no commit in common", cause });
  });
  return text.trim();
}

async function listCommits(
  call: GitCall,
  base: string,
  tip: string,
  { firstParent, paths }: Pick<Ends, "firstParent" | "paths">,
): Promise<readonly Commit[]> {
  const which = [...(firstParent ? ["--first-parent"] : []), ...[`${base}..${tip}`, "--", ...paths]];
  const count = Number(await askGit(call, "count the commits", ["rev-list", "--count", ...which]));
  if (!Number.isInteger(count)) throw new InfrastructureError({ what: "Cannot bisect: git does not count commits" });
  if (count > largestRange) {
    throw new UsageError({
      what: `Cannot bisect ${count} commits: more than ${largestRange}`,
      remedy: "Use --first-parent, and then the merge's own commits; or --path for the folders that matter",
    });
  }
  if (count === 0) throw new UsageError({ what: `No commit touches ${paths.join(", ")} between the ends` });
  const text = await askGit(call, "list the commits", [
    ...["rev-list", "--topo-order", "--reverse", "--parents"],
    ...which,
  ]);
  const commits = text
    .trim()
    .split("\n")
    .map((line): Commit => {
      const [id = "", ...parents] = line.trim().split(" ");
      return { id, parents: firstParent ? parents.slice(0, 1) : parents };
    });
  if (commits.at(-1)?.id === tip) return commits;
  // The tip touches none of the paths: it still stands for all of them.
  const inner = new Set(commits.flatMap(({ parents }) => parents));
  const heads = commits.map(({ id }) => id).filter((id) => !inner.has(id));
  return [...commits, { id: tip, parents: heads }];
}
