/** `--domain FILE`: a domain of libvirt's for a bench. */
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import type { ReportProgress } from "../assets/progress.ts";
import { UsageError } from "../errors/harness-error.ts";
import type { ChosenDomain } from "../libvirt/domain.ts";
import { parseDomain } from "../libvirt/parse-domain.ts";
import { escapeLine } from "../report/escape.ts";
import type { Io } from "./io.ts";

/**
 * Reads a domain, and tells what of it is of no account, and what is behind its functions here.
 * @throws {UsageError} where the file cannot be read, or the domain not be honoured
 */
export async function readDomain(
  file: string,
  { workingFolder }: Pick<Io, "workingFolder">,
  report: ReportProgress,
): Promise<ChosenDomain> {
  const path = resolve(workingFolder, file);
  const text = await readFile(path, "utf8").catch((cause: unknown) => {
    throw new UsageError({ what: `Cannot read the domain "${file}"`, cause });
  });
  const { domain, ignored } = await parseDomain(text, file);
  for (const line of ignored) report({ kind: "note", text: `Of no account in "${file}": ${escapeLine(line)}` });
  for (const { kind, source, uid } of domain.functions) {
    if (kind !== "hostdev") continue;
    const address = `UID 0x${uid.toString(16)}`;
    report({
      kind: "note",
      text: `Nothing of this host is handed through: what a scenario wants stands in for ${source ?? ""}, ${address}`,
    });
  }
  return { ...domain, file: path };
}
