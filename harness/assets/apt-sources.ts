/** The machine's own apt sources, sources.list(5): the only place from which the archive's address is taken. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

/** A source of packages as a machine names it, in either of the two spellings. */
export interface AptSource {
  readonly types: readonly string[];
  readonly uris: readonly string[];
  readonly suites: readonly string[];
  readonly components: readonly string[];
  /** Other fields as deb822 spells them, such as `Signed-By`: a path, or a whole key over several lines. */
  readonly fields: ReadonlyMap<string, string>;
}

/** Fields that say whom to trust and how: handed on as they are. The others choose what to fetch, which is decided here. */
const trustFields = [
  "Signed-By",
  "Trusted",
  "Check-Valid-Until",
  "Valid-Until-Min",
  "Valid-Until-Max",
  "Check-Date",
  "Allow-Insecure",
  "Allow-Weak",
  "Allow-Downgrade-To-Insecure",
  "By-Hash",
];

/** Suites that every archive of Debian has, whatever a release is called. */
const aliases = ["unstable", "sid", "testing", "stable", "oldstable"];

/** Reads all sources below a folder such as /etc/apt; a file that cannot be read is left out. */
export async function readAptSources(folder: string): Promise<readonly AptSource[]> {
  const parts = join(folder, "sources.list.d");
  const names = await readdir(parts).catch((): string[] => []);
  const files = [join(folder, "sources.list"), ...names.sort().map((name) => join(parts, name))];
  const sources: AptSource[] = [];
  for (const file of files) {
    const text = await readFile(file, "utf8").catch(() => "");
    if (file.endsWith(".list")) sources.push(...parseOneLineSources(text));
    if (file.endsWith(".sources")) sources.push(...parseDeb822Sources(text));
  }
  return sources;
}

/** Reads the older spelling: `deb [ option=value … ] uri suite component…`, one source a line. */
export function parseOneLineSources(text: string): readonly AptSource[] {
  const sources: AptSource[] = [];
  for (const line of text.split("\n")) {
    const match = /^\s*(deb|deb-src)\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+(\S+)(.*)$/.exec(line.replace(/#.*/, ""));
    const [, type, options, uri, suite, rest] = match ?? [];
    if (type === undefined || uri === undefined || suite === undefined) continue;
    const fields = new Map<string, string>();
    for (const option of splitWords(options ?? "")) {
      const [name, value] = [option.slice(0, option.indexOf("=")), option.slice(option.indexOf("=") + 1)];
      const field = trustFields.find((known) => known.toLowerCase() === name.toLowerCase());
      if (field !== undefined) fields.set(field, value.replaceAll(",", " "));
    }
    sources.push({ types: [type], uris: [uri], suites: [suite], components: splitWords(rest ?? ""), fields });
  }
  return sources;
}

/** Reads the newer spelling: paragraphs of `Field: value`, values going on in lines that begin with a space. */
export function parseDeb822Sources(text: string): readonly AptSource[] {
  const sources: AptSource[] = [];
  for (const paragraph of text.replace(/^#.*\n?/gm, "").split(/\n\s*\n/)) {
    const all = new Map<string, string>();
    for (const [, name, value] of paragraph.matchAll(/^([!-9;-~]+):[ \t]*(.*(?:\n[ \t].*)*)/gm)) {
      if (name !== undefined && value !== undefined) all.set(name.toLowerCase(), value);
    }
    if (/^(no|false|0|off|without|disable)$/i.test(all.get("enabled")?.trim() ?? "")) continue;
    const words = (name: string): readonly string[] => splitWords(all.get(name) ?? "");
    const [types, uris, suites] = [words("types"), words("uris"), words("suites")];
    if (types.length === 0 || uris.length === 0 || suites.length === 0) continue;
    const fields = new Map<string, string>();
    for (const field of trustFields) {
      const value = all.get(field.toLowerCase());
      if (value !== undefined) fields.set(field, value);
    }
    sources.push({ types, uris, suites, components: words("components"), fields });
  }
  return sources;
}

/**
 * The source that is Debian's archive: it has the machine's own release (or one every archive has) in `main`, and is
 * signed with Debian's keys where it says what it is signed with. Null where there is none. Sources that follow a
 * release, such as `-security` or `-updates`, are not the archive.
 */
export function findDebianSource(sources: readonly AptSource[], codename: string | null): AptSource | null {
  const candidates = sources.filter(
    ({ types, uris, components, fields }) =>
      types.includes("deb") &&
      uris.some(isRemote) &&
      components.includes("main") &&
      !/\/(?!debian-archive)[^/]*\.(gpg|asc|pgp)$/.test(fields.get("Signed-By")?.trim() ?? ""),
  );
  const serving = (names: readonly string[]): AptSource | undefined =>
    candidates.find(({ suites }) => suites.some((suite) => names.includes(suite)));
  return (codename === null ? undefined : serving([codename])) ?? serving(aliases) ?? null;
}

/** Whether a URI is one that has other suites too: a CD or a folder has only its own. */
export function isRemote(uri: string): boolean {
  return /^(https?|ftp|tor\+https?|mirror(\+\w+)?):/.test(uri);
}

function splitWords(text: string): readonly string[] {
  return text.split(/\s+/).filter((word) => word !== "");
}
