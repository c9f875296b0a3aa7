/** What `zhil bisect` goes through: the commits of a repository, or what the archive has between two versions. */
import { resolve } from "node:path";
import { archive, listArchivedRange } from "../bisect/archived-range.ts";
import type { BisectWorld } from "../bisect/bisect-world.ts";
import { listRange, readCommit, type Ends, type Range, type TellCommit } from "../bisect/range.ts";
import { UsageError } from "../errors/harness-error.ts";
import type { GitCall } from "../kernel/git-checkout.ts";
import type { BisectFlags } from "./bisect-flags.ts";
import type { CommandContext } from "./command.ts";
import type { Io } from "./io.ts";

/** A range and how its kernels are had. */
export interface Course {
  /** As the state knows it by. */
  readonly repository: string;
  readonly range: Range;
  readonly tell: TellCommit;
  readonly world: BisectWorld;
}

/** The ends that words and options name. */
export type NamedEnds =
  | { readonly kind: "commits"; readonly good: string; readonly bad: string }
  | { readonly kind: "versions"; readonly between: readonly [string, string] };

/**
 * Reads which ends are meant, and the scenario's name: of `--between ONE OTHER SCENARIO` the option has the first word.
 * @throws {UsageError} where an end is missing, or there are too many words
 */
export function readEnds(
  words: readonly string[],
  { good, bad, between, path, firstParent, flavour }: BisectFlags,
): { readonly ends: NamedEnds; readonly name: string } {
  const example =
    "zhil bisect --good v7.1 --bad v7.2 SCENARIO, or zhil bisect --between debian/6.12 debian/7.2 SCENARIO";
  const fail = (detail: string): never => {
    throw new UsageError({ what: `Cannot bisect: ${detail}`, remedy: example });
  };
  const [first = "", second, third] = words;
  if (between === undefined) {
    if (second !== undefined) return fail(`"${second}" is one word too many`);
    if (good === undefined) return fail("no --good says where it does not fail");
    if (bad === undefined) return fail("no --bad says where it fails");
    return { ends: { kind: "commits", good, bad }, name: first };
  }
  if (good !== undefined || bad !== undefined) return fail("--between has both ends, and --find says which fails");
  if (flavour !== undefined || firstParent || path.length > 0) return fail("--between takes kernels as they are");
  if (second === undefined) return fail("--between takes two versions, and a scenario after them");
  if (third !== undefined) return fail(`"${third}" is one word too many`);
  return { ends: { kind: "versions", between: [between, first] }, name: second };
}

/** A course through a repository's commits. */
export async function goThroughCommits(
  ends: Ends,
  { repo }: BisectFlags,
  world: BisectWorld,
  io: Io,
): Promise<Course> {
  const call: GitCall = { repository: resolve(io.workingFolder, repo), signal: io.interrupt };
  const range = await listRange(call, ends);
  return { repository: call.repository, range, tell: (id) => readCommit(call, id), world };
}

/** A course through the archive's versions: they are fetched instead of built, and booted by their names. */
export async function goThroughArchive(
  between: readonly [string, string],
  { find = "bad" }: BisectFlags,
  world: BisectWorld,
  { services }: CommandContext,
): Promise<Course> {
  const { report, signal } = world;
  const versions = await services.listVersions({ report, signal });
  const buildCommit: BisectWorld["buildCommit"] = async (_, name, options) => {
    const kernel = await services.fetchKernel({ kernel: name, report: options.report, signal: options.signal });
    return { kernel: { ...kernel, image: name }, lacks: [], seconds: 0 };
  };
  return {
    repository: archive,
    range: listArchivedRange(between, versions, find),
    tell: () => Promise.resolve({ author: "", email: "", date: "", subject: "", people: [] }),
    world: { ...world, buildCommit },
  };
}
