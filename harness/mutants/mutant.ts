/** A mutant: a kernel bug on purpose, kept as a patch whose header says what it is for. */
import { UsageError } from "../errors/harness-error.ts";
import { parseFlavourName } from "../kernel/flavour.ts";

/** A mutant as its patch describes it. */
export interface Mutant {
  /** The name of its file without `.patch`. */
  readonly name: string;
  /** The rule it breaks. */
  readonly breaks: string;
  /** Why somebody could have written it. */
  readonly because: string;
  /** Tags of the scenarios that should kill it; those run first. */
  readonly tags: readonly string[];
  /** What a scenario sees of it. */
  readonly seenAs: string;
  /** The flavour of the lean kernel that it shows on, such as `kasan`; the lean kernel itself where absent. */
  readonly flavour?: string;
  /** Path of the patch. */
  readonly file: string;
}

const headings = {
  name: "Mutant",
  breaks: "Breaks",
  because: "Plausible because",
  tags: "Expected killer tags",
  seenAs: "Seen as",
} as const;

/** A heading that a mutant need not have: what asks for the kernel that it shows on, such as `lean/kasan`. */
const kernelHeading = "Kernel";

/**
 * Reads the header of a mutant's patch: lines `Heading: text` before the diff, continued on lines that begin with a space.
 * @throws {UsageError} naming the file and what the header lacks
 */
export function parseMutant(text: string, file: string): Mutant {
  const fail = (detail: string): never => {
    throw new UsageError({
      what: `Cannot read the mutant "${file}": ${detail}`,
      remedy: `Begin the patch with ${Object.values(headings)
        .map((heading) => `"${heading}: …"`)
        .join(", ")}`,
    });
  };
  const start = text.search(/^--- /mu);
  if (start < 0) return fail("it has no diff");
  const fields = readFields(text.slice(0, start));
  const take = (heading: string): string => {
    const value = fields.get(heading);
    return value === undefined || value === "" ? fail(`its header has no "${heading}"`) : value;
  };
  const name = take(headings.name);
  if (!/^[a-z][a-z0-9-]{2,60}$/u.test(name)) return fail(`"${name}" is no name: lower-case words joined by dashes`);
  const kernel = fields.get(kernelHeading);
  const flavour = kernel === undefined ? null : parseFlavourName(kernel);
  if (kernel !== undefined && flavour === null) return fail(`"${kernel}" is no flavour of the lean kernel`);
  return {
    ...(flavour === null ? {} : { flavour }),
    name,
    breaks: take(headings.breaks),
    because: take(headings.because),
    tags: take(headings.tags)
      .split(",")
      .map((tag) => tag.trim()),
    seenAs: take(headings.seenAs),
    file,
  };
}

function readFields(header: string): ReadonlyMap<string, string> {
  const fields = new Map<string, string>();
  let heading: string | null = null;
  for (const line of header.split("\n")) {
    const [, key, value] = /^([A-Z][A-Za-z ]*): *(.*)$/u.exec(line) ?? [];
    if (key !== undefined && value !== undefined) {
      heading = key;
      fields.set(key, value);
    } else if (heading !== null && /^\s+\S/u.test(line)) {
      fields.set(heading, `${fields.get(heading) ?? ""} ${line.trim()}`.trim());
    } else {
      heading = null;
    }
  }
  return fields;
}
