/** Names for the contents of pages and blocks: everything that may lie there was put there by name. */
import type { Plan } from "../../src/plan/plan.ts";
import { nvmeSerial } from "../qemu/device.ts";
import { blockName, mediumBlocks } from "../qemu/medium.ts";
import { digestOf, pageBytes, patternPage } from "./pattern.ts";

/** Where the serial number stands in what Identify controller returns, in bytes. */
const serialStart = 4;
const serialEnd = 24;

/** Names of contents by digest, and of NVMe controllers by serial number. */
export interface ContentNames {
  /** Learns one more pattern, by its name. */
  learn(name: string): void;
  /** Name of a page or block; `head` holds its first bytes in hexadecimal. */
  nameOf(digest: string, head: string): string;
}

/** The digest of a named pattern never changes, and suites use the same names over and over. */
const patternDigests = new Map<string, string>();

function digestOfPattern(name: string): string {
  const known = patternDigests.get(name);
  if (known !== undefined) return known;
  const digest = digestOf(patternPage(name));
  patternDigests.set(name, digest);
  return digest;
}

const zeros = digestOf(new Uint8Array(pageBytes));

/** The contents a plan starts with: its buffers, the media of its functions, and nothing at all. */
export function nameContents(plan: Pick<Plan, "functions" | "buffers"> & Partial<Pick<Plan, "steps">>): ContentNames {
  const names = new Map<string, string>([[zeros, "zeros"]]);
  const learn = (name: string): void => {
    names.set(digestOfPattern(name), name);
  };
  for (const { name, pages } of plan.buffers) {
    for (let page = 0; page < pages; page++) learn(`fill:${name}[${page}]`);
  }
  for (const { name } of plan.functions) {
    for (let block = 0; block < mediumBlocks; block++) learn(blockName(name, block));
  }
  for (const { expectedMemory = {} } of plan.steps ?? []) Object.values(expectedMemory).forEach(learn);
  const serials = new Map(plan.functions.map(({ name }) => [nvmeSerial(name).padEnd(serialEnd - serialStart), name]));
  return {
    learn,
    nameOf: (digest, head) => {
      const serial = Buffer.from(head, "hex").subarray(serialStart, serialEnd).toString("latin1");
      const controller = serials.get(serial);
      return names.get(digest) ?? (controller === undefined ? `unknown:${digest}` : `identify:${controller}`);
    },
  };
}
