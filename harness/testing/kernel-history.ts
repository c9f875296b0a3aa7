/** A history of a real kernel: its source, and sixty-four commits on top of it, one of which breaks it. */
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { makeRepository, type MadeCommit } from "./made-repository.ts";

/** What breaks it. */
export interface Culprit {
  /** Text of a unified diff. */
  readonly diff: string;
}

/** Indexes of what is not harmless; what does not build or boot is mended by the commit after. */
export const places = { warns: 14, doesNotBuild: 32, culprit: 41, doesNotBoot: 44, fix: 58, last: 64 } as const;

const driver = "drivers/iommu/s390-iommu.c";
const pci = "arch/s390/pci/pci.c";

/** Makes the history in a new repository; the ids of the source's commit and of the sixty-four. */
export function makeKernelHistory(folder: string, source: string, { diff }: Culprit): readonly string[] {
  const texts = new Map<string, string>();
  const edit = (path: string, change: (text: string) => string): Record<string, string> => {
    const text = change(texts.get(path) ?? readFileSync(join(source, path), "utf8"));
    texts.set(path, text);
    return { [path]: text };
  };
  const append = (path: string, line: string): Record<string, string> => edit(path, (text) => `${text}\n${line}\n`);
  const patch = (...options: readonly string[]): Record<string, string> =>
    Object.fromEntries(
      [...diff.matchAll(/^\+\+\+ b\/(\S+)/gmu)].flatMap(([, path = ""]) =>
        Object.entries(edit(path, (text) => applyDiff(`${folder}-patched`, path, text, diff, options))),
      ),
    );
  const special: Readonly<Record<number, () => MadeCommit>> = {
    [places.warns]: () => ({ subject: "iommu/s390: complain of every attach", files: edit(driver, addWarning) }),
    [places.doesNotBuild]: () => ({
      subject: "s390/pci: half of a series",
      files: append(pci, "int half = missing;"),
    }),
    [places.doesNotBuild + 1]: () => ({
      subject: "s390/pci: the other half",
      files: edit(pci, (text) => text.replace("int half = missing;", "int half;")),
    }),
    [places.culprit]: () => ({ subject: "iommu/s390: simplify", files: patch() }),
    [places.doesNotBoot]: () => ({
      subject: "iommu/s390: be strict",
      files: edit(driver, (text) => text.replace(initialised, `${panic}${initialised}`)),
    }),
    [places.doesNotBoot + 1]: () => ({
      subject: "iommu/s390: be less strict",
      files: edit(driver, (text) => text.replace(panic, "")),
    }),
    [places.fix]: () => ({ subject: "iommu/s390: repair what simplifying broke", files: patch("--reverse") }),
  };
  const commits: MadeCommit[] = [];
  for (let index = 1; index <= places.last; index++) commits.push((special[index] ?? harmless(index, append))());
  return makeRepository(folder, commits, source);
}

const initialised = "\tiommu_dma_forcedac = true;\n";
const panic = '\tpanic("Strict on purpose");\n';

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

function applyDiff(tree: string, path: string, text: string, diff: string, options: readonly string[]): string {
  const file = join(tree, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
  execFileSync("patch", ["--strip=1", "--batch", "--no-backup-if-mismatch", `--directory=${tree}`, ...options], {
    input: diff,
  });
  const patched = readFileSync(file, "utf8");
  rmSync(tree, { recursive: true });
  return patched;
}
