/** XML from others, as a tree: small, shallow, and without anything that XML can refer to. */
import { parseStringPromise } from "xml2js";
import { UsageError } from "../errors/harness-error.ts";

/** An element. */
export interface XmlElement {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly XmlElement[];
  readonly text: string;
}

/** Bounds of what is read: a domain of libvirt's is far below. */
const most = { bytes: 1024 * 1024, depth: 32, tags: 20_000 };

/** The element as xml2js has it with its children in order. */
interface RawElement {
  readonly "#name": string;
  readonly $?: Readonly<Record<string, string>>;
  readonly $$?: readonly RawElement[];
  readonly _?: string;
}

/**
 * Reads XML. Declarations of any kind are refused: nothing that is defined in one is ever looked up.
 * @throws {UsageError} where it is none, too large, too deep, or has declarations
 */
export async function readXml(text: string, file: string): Promise<XmlElement> {
  const refuse = (why: string, cause?: unknown): never => {
    throw new UsageError({ what: `Cannot read the XML "${file}": ${why}`, cause });
  };
  if (Buffer.byteLength(text) > most.bytes) refuse(`it has more than ${most.bytes} bytes`);
  // Before the parser sees anything. Comments and CDATA may look like declarations, and are none.
  const bare = text.replace(/<!--[\s\S]*?-->|<!\[CDATA\[[\s\S]*?\]\]>/gu, "");
  if (/<!/u.test(bare)) refuse("it has a declaration, such as a document type or an entity");
  const tags = bare.match(/<[^?!][^<>]*>/gu) ?? [];
  if (tags.length > most.tags) refuse(`it has more than ${most.tags} tags`);
  let depth = 0;
  for (const tag of tags) {
    if (tag.startsWith("</")) depth -= 1;
    else if (!tag.endsWith("/>")) depth += 1;
    if (depth > most.depth) refuse(`it is deeper than ${most.depth} elements`);
  }
  try {
    const parsed = (await parseStringPromise(text, {
      explicitRoot: false,
      explicitChildren: true,
      preserveChildrenOrder: true,
      strict: true,
      async: false,
    })) as RawElement | null;
    if (parsed === null) return refuse("it is empty");
    return tidy(parsed);
  } catch (error) {
    if (error instanceof UsageError) throw error;
    const [line = "not well-formed"] = (error instanceof Error ? error.message : String(error)).split("\n");
    return refuse(line, error);
  }
}

const tidy = (raw: RawElement): XmlElement => ({
  name: raw["#name"],
  attributes: { ...raw.$ },
  children: (raw.$$ ?? []).filter((each) => each["#name"] !== "__text__" && each["#name"] !== "__cdata").map(tidy),
  text: (raw._ ?? "").trim(),
});

/** The first child of a name. */
export const childOf = (element: XmlElement | undefined, name: string): XmlElement | undefined =>
  element?.children.find((each) => each.name === name);
