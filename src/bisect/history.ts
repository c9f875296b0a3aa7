/** The commits that a bisection looks among, and who of them comes after whom. */

/** A commit as `git rev-list --parents` gives it. */
export interface Commit {
  readonly id: string;
  readonly parents: readonly string[];
}

/** Commits between two ends. The nodes of a search are their numbers, and after them the good end's, {@link History.base}. */
export interface History {
  /** Every commit after its parents; the last is the end of the range. */
  readonly commits: readonly Commit[];
  /** The number of the end where the range begins, which is itself no part of it. */
  readonly base: number;
  /** Whether `node` is the commit itself or has it among its ancestors: whether what the commit changed is in it. */
  readonly contains: (node: number, commit: number) => boolean;
}

const bitsPerWord = 32;

/**
 * A history of commits that are listed parents first; parents that are not in the list are outside of the range.
 * Takes a bit for each pair of commits.
 */
export function makeHistory(commits: readonly Commit[]): History {
  const words = Math.ceil(commits.length / bitsPerWord);
  const numbers = new Map(commits.map(({ id }, index) => [id, index]));
  const rows: Uint32Array[] = [];
  for (const [index, { parents }] of commits.entries()) {
    const row = new Uint32Array(words);
    for (const parent of parents) {
      const inherited = rows[numbers.get(parent) ?? -1];
      if (inherited === undefined) continue;
      for (let word = 0; word < words; word++) row[word] = (row[word] ?? 0) | (inherited[word] ?? 0);
    }
    const word = Math.floor(index / bitsPerWord);
    row[word] = (row[word] ?? 0) | (1 << (index % bitsPerWord));
    rows.push(row);
  }
  return {
    commits,
    base: commits.length,
    contains: (node, commit) => {
      const word = rows[node]?.[Math.floor(commit / bitsPerWord)] ?? 0;
      return ((word >>> (commit % bitsPerWord)) & 1) === 1;
    },
  };
}
