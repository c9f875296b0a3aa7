/** Histories of a real kernel: its source, and sixty-four commits on top of it, one of which breaks it. */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { addBranch, type MadeCommit } from "./made-repository.ts";

/** What breaks it. */
export interface Culprit {
  /** Text of a unified diff (`-p1`). */
  readonly diff: string;
  /** Which of the commits it is, from 1 on. */
  readonly at: number;
}

/** Commits that are not harmless, beside the culprit. What does not build or boot is mended by the last of its places. */
export const places = {
  warns: 14,
  doesNotBuild: { from: 25, mended: 28 },
  doesNotBoot: { from: 44, mended: 47 },
  fix: 58,
  last: 64,
} as const;

const driver = "drivers/iommu/s390-iommu.c";
const pci = "arch/s390/pci/pci.c";
const initialised = "\tiommu_dma_forcedac = true;\n";
const panic = '\tpanic("Strict on purpose");\n';

/**
 * Makes such a history on a branch of a repository that has the kernel's source as commit `base`; hands back the ids of that
 * commit and of the sixty-four.
 */
export function addKernelHistory(
  repository: string,
  { branch, base, source, culprit }: { branch: string; base: string; source: string; culprit: Culprit },
): readonly string[] {
  const texts = new Map<string, string>();
  const edit = (path: string, change: (text: string) => string): Record<string, string> => {
    const before = texts.get(path) ?? readFileSync(join(source, path), "utf8");
    const text = change(before);
    if (text === before) throw new Error(`Nothing changes in "${path}"`);
    texts.set(path, text);
    return { [path]: text };
  };
  const append = (path: string, line: string): Record<string, string> => edit(path, (text) => `${text}\n${line}\n`);
  const patch = (...options: readonly string[]): Record<string, string> =>
    Object.assign(
      {},
      ...pathsOf(culprit.diff).map((path) => edit(path, (text) => applyDiff(path, text, culprit.diff, options))),
    ) as Record<string, string>;
  const special: Readonly<Record<number, () => MadeCommit>> = {
    [places.warns]: () => ({ subject: "iommu/s390: complain of every attach", files: edit(driver, addWarning) }),
    [places.doesNotBuild.from]: () => ({
      subject: "s390/pci: half of a series",
      files: append(pci, "int half = missing;"),
    }),
    [places.doesNotBuild.mended]: () => ({
      subject: "s390/pci: the other half",
      files: edit(pci, (text) => text.replace("int half = missing;", "int half;")),
    }),
    [places.doesNotBoot.from]: () => ({
      subject: "iommu/s390: be strict",
      files: edit(driver, (text) => text.replace(initialised, `${panic}${initialised}`)),
    }),
    [places.doesNotBoot.mended]: () => ({
      subject: "iommu/s390: be less strict",
      files: edit(driver, (text) => text.replace(panic, "")),
    }),
    [culprit.at]: () => ({ subject: "iommu: simplify", files: patch() }),
    [places.fix]: () => ({ subject: "iommu: repair what simplifying broke", files: patch("--reverse") }),
  };
  const commits: MadeCommit[] = [];
  for (let index = 1; index <= places.last; index++) commits.push((special[index] ?? harmless(index, append))());
  return [base, ...addBranch(repository, branch, commits, base)];
}

/** Commits as there are between others: not built, or built into what is like the kernel before, some in the very files. */
const harmless =
  (index: number, append: (path: string, line: string) => Record<string, string>): (() => MadeCommit) =>
  () => {
    switch (index % 4) {
      case 0:
        return { subject: `docs: note ${index}`, files: { [`Documentation/note-${index}.rst`]: `Note ${index}\n` } };
      case 1:
        return { subject: `s390/pci: count to ${index}`, files: append(pci, `int zpci_count_${index} = ${index};`) };
      case 2:
        return { subject: `iommu/s390: comment ${index}`, files: append(driver, `/* Comment ${index} */`) };
      default:
        return { subject: `iommu/s390: number ${index}`, files: append(driver, `int s390_iommu_number_${index};`) };
    }
  };

/** A warning in the function that attaches, which changes nothing else. */
function addWarning(text: string): string {
  const begin = text.indexOf("static int s390_iommu_attach_device(");
  const end = text.indexOf("\n\n", begin);
  return `${text.slice(0, end)}\n\n\tWARN_ON(domain);${text.slice(end)}`;
}

const pathsOf = (diff: string): readonly string[] =>
  [...diff.matchAll(/^\+\+\+ b\/(\S+)/gmu)].map(([, path = ""]) => path);

/** The text of a file of a diff with the diff applied. */
function applyDiff(path: string, text: string, diff: string, options: readonly string[]): string {
  const tree = mkdtempSync(join(tmpdir(), "zpci-test-"));
  try {
    const file = join(tree, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
    execFileSync("git", ["-C", tree, "apply", ...options], { input: diff, env: { ...process.env, GIT_DIR: tree } });
    return readFileSync(file, "utf8");
  } finally {
    rmSync(tree, { recursive: true });
  }
}
