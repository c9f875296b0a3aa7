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

/**
 * Makes a repository of commits and hands back their ids. The last commit is checked out as branch `main`. Where there is a
 * source, its files are a commit before all others, whose id comes first, and nothing is checked out.
 */
export function makeRepository(
  folder: string,
  commits: readonly MadeCommit[],
  source: string | null = null,
): readonly string[] {
  mkdirSync(folder, { recursive: true });
  const git = (words: readonly string[], input = ""): string =>
    execFileSync("git", ["-C", folder, ...words], { encoding: "utf8", input, stdio: ["pipe", "pipe", "pipe"] });
  git(["init", "--quiet", "--initial-branch=main"]);
  const root = source === null ? [] : [importSource(git, source)];
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
      ...(first === undefined ? root.map((id) => `from ${id}\n`) : [`from :${first + 1}\n`]),
      ...others.map((parent) => `merge :${parent + 1}\n`),
      ...changes,
      "\n",
    ].join("");
  });
  const asked = commits.map((_, index) => `get-mark :${index + 1}\n`).join("");
  const ids = git(["fast-import", "--quiet", "--force"], `${lines.join("")}${asked}`)
    .trim()
    .split("\n");
  if (source === null) git(["reset", "--quiet", "--hard"]);
  return [...root, ...ids];
}

/** The commit of a source's files. It is there for a while only: nothing is compressed. */
function importSource(git: (words: readonly string[]) => string, source: string): string {
  const here = [`--work-tree=${source}`, "-c", "core.looseCompression=0", "-c", "core.autocrlf=false"];
  const [name, email] = ["user.name=An Author", "user.email=author@example.org"];
  git([...here, "add", "--all", "--force"]);
  git([...here, "-c", name, "-c", email, "commit", "--quiet", "--message=The source"]);
  return git(["rev-parse", "HEAD"]).trim();
}
