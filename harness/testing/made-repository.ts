/** Git repositories made for tests. */
import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";

/** A commit to be made. */
export interface MadeCommit {
  readonly subject: string;
  /** Contents by path; null removes a file. The rest is as in the parent. */
  readonly files: Readonly<Record<string, string | null>>;
  /** Indexes of its parents; the commit before where absent. */
  readonly parents?: readonly number[];
}

const author = "An Author <author@example.org>";
const firstSecond = 1_700_000_000;

/** Makes a repository of commits and hands back their ids. The last commit is checked out as branch `main`. */
export function makeRepository(folder: string, commits: readonly MadeCommit[]): readonly string[] {
  mkdirSync(folder, { recursive: true });
  const git = (words: readonly string[], input = ""): string =>
    execFileSync("git", ["-C", folder, ...words], { encoding: "utf8", input, stdio: ["pipe", "pipe", "pipe"] });
  git(["init", "--quiet", "--initial-branch=main"]);
  const data = (text: string): string => `data ${Buffer.byteLength(text)}\n${text}\n`;
  const lines = commits.map(({ subject, files, parents }, index) => {
    const [first, ...others] = parents ?? (index === 0 ? [] : [index - 1]);
    const changes = Object.entries(files).map(([path, text]) =>
      text === null ? `D ${path}\n` : `M 100644 inline ${path}\n${data(text)}`,
    );
    return [
      `commit refs/heads/main\nmark :${index + 1}\n`,
      `author ${author} ${firstSecond + index} +0000\ncommitter ${author} ${firstSecond + index} +0000\n`,
      data(`${subject}\n\nSigned-off-by: ${author}\n`),
      ...(first === undefined ? [] : [`from :${first + 1}\n`]),
      ...others.map((parent) => `merge :${parent + 1}\n`),
      ...changes,
      "\n",
    ].join("");
  });
  const asked = commits.map((_, index) => `get-mark :${index + 1}\n`).join("");
  const ids = git(["fast-import", "--quiet", "--force"], `${lines.join("")}${asked}`)
    .trim()
    .split("\n");
  git(["reset", "--quiet", "--hard"]);
  return ids;
}
