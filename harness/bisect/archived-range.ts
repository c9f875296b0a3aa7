/** The kernels that the archive has between two of them, oldest first: a range for want of commits. */
import { compareVersions } from "../assets/debian-version.ts";
import { UsageError } from "../errors/harness-error.ts";
import { isVersion, parseDebianName, spellDebianName } from "../kernel/debian-name.ts";
import type { Range } from "./range.ts";

/** What a bisection has in the place of a repository where it goes through the archive. */
export const archive = "archive";

/**
 * Lists the versions from the oldest that one end names to the newest that the other one does, whichever is given first.
 * @throws {UsageError} where an end names none, or both the same
 */
export function listArchivedRange(
  ends: readonly [string, string],
  versions: readonly string[],
  find: "bad" | "fix",
): Range {
  const sorted = versions.toSorted(compareVersions);
  const [one, other] = ends.map((end) => matching(end, sorted));
  const isOrdered = compareVersions(one?.[0] ?? "", other?.[0] ?? "") <= 0;
  const base = (isOrdered ? one : other)?.[0] ?? "";
  const tip = (isOrdered ? other : one)?.at(-1) ?? "";
  const between = sorted.filter((each) => compareVersions(each, base) > 0 && compareVersions(each, tip) <= 0);
  if (between.length === 0) {
    throw new UsageError({ what: `Cannot bisect: "${ends[0]}" and "${ends[1]}" are the same version, ${base}` });
  }
  const ids = [base, ...between].map(spellDebianName);
  const commits = ids.slice(1).map((id, index) => ({ id, parents: [ids[index] ?? ""] }));
  return { find, base: spellDebianName(base), commits, notes: [] };
}

function matching(end: string, versions: readonly string[]): readonly string[] {
  const wanted = parseDebianName(end);
  if (wanted === null) {
    throw new UsageError({ what: `Cannot bisect to "${end}": it is no version`, remedy: "Name one as debian/6.12" });
  }
  const found = versions.filter((version) => isVersion(version, wanted));
  if (found.length > 0) return found;
  throw new UsageError({
    what: `Cannot bisect to "${end}": the archive has ${versions.map(spellDebianName).join(", ")}`,
  });
}
