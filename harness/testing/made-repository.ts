/** Git repositories made for tests. */
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync } from "node:fs";
import { lstat, readdir, readFile, readlink } from "node:fs/promises";
import { join, relative } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";

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
  initialise(folder);
  const ids = addBranch(folder, "main", commits);
  git(folder, ["reset", "--quiet", "--hard"]);
  return ids;
}

/** Makes a branch of commits, on top of one that is there or of nothing, and hands back their ids. */
export function addBranch(
  folder: string,
  branch: string,
  commits: readonly MadeCommit[],
  base: string | null = null,
): readonly string[] {
  const lines = commits.map(({ subject, files, parents }, index) => {
    const [first, ...others] = parents ?? (index === 0 ? [] : [index - 1]);
    const changes = Object.entries(files).map(([path, text]) =>
      text === null ? `D ${path}\n` : `M 100644 inline ${path}\n${dataOf(text)}`,
    );
    return [
      beginCommit(branch, index, `${subject}\n\nSigned-off-by: ${author}\n`),
      ...(first === undefined ? (base === null ? [] : [`from ${base}\n`]) : [`from :${first + 1}\n`]),
      ...others.map((parent) => `merge :${parent + 1}\n`),
      ...changes,
      "\n",
    ].join("");
  });
  const asked = commits.map((_, index) => `get-mark :${index + 1}\n`).join("");
  return git(folder, ["fast-import", "--quiet", "--force"], `${lines.join("")}${asked}`)
    .trim()
    .split("\n");
}

/** Makes a repository of one commit with the files of a folder, branch `main`, not checked out; hands back its id. */
export async function importFolder(folder: string, source: string): Promise<string> {
  initialise(folder);
  // It is there for a while only: nothing is worth packing tightly.
  const words = ["-C", folder, "-c", "core.compression=1", "fast-import", "--quiet", "--depth=0"];
  const importer = spawn("git", words, { stdio: ["pipe", "inherit", "inherit"] });
  const ended = once(importer, "close");
  await pipeline(Readable.from(streamOf(source)), importer.stdin);
  const [code] = (await ended) as [number | null];
  if (code !== 0) throw new Error(`git fast-import ended with exit code ${code}`);
  return git(folder, ["rev-parse", "main"]).trim();
}

async function* streamOf(source: string): AsyncGenerator<string | Buffer> {
  yield beginCommit("main", 0, "The source\n");
  // With their types: links to folders are not followed.
  const entries = await readdir(source, { recursive: true, withFileTypes: true });
  for (const entry of entries) {
    if (entry.isDirectory()) continue;
    const file = join(entry.parentPath, entry.name);
    const isLink = entry.isSymbolicLink();
    const content = isLink ? Buffer.from(await readlink(file)) : await readFile(file);
    const mode = isLink ? "120000" : ((await lstat(file)).mode & 0o100) === 0 ? "100644" : "100755";
    yield `M ${mode} inline ${relative(source, file)}\ndata ${content.length}\n`;
    yield content;
    yield "\n";
  }
}

function initialise(folder: string): void {
  mkdirSync(folder, { recursive: true });
  git(folder, ["init", "--quiet", "--initial-branch=main"]);
}

const git = (folder: string, words: readonly string[], input = ""): string =>
  execFileSync("git", ["-C", folder, ...words], { encoding: "utf8", input, stdio: ["pipe", "pipe", "pipe"] });

/** Each commit of a branch is made a second after the one before. */
const beginCommit = (branch: string, index: number, message: string): string => {
  const who = `${author} ${firstSecond + index} +0000`;
  return `commit refs/heads/${branch}\nmark :${index + 1}\nauthor ${who}\ncommitter ${who}\n${dataOf(message)}`;
};

const dataOf = (text: string): string => `data ${Buffer.byteLength(text)}\n${text}\n`;
