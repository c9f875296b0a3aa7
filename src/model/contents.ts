/** What memory and media hold, by name. */
import { anything } from "../compare/pattern.ts";
import type { Host } from "./host.ts";
import { ScenarioMistake } from "./scenario-mistake.ts";

/** Data that lies in queues is read as commands, and what the driver writes there as data. */
function requireData(page: string): void {
  if (!page.includes(".queues[")) return;
  throw new ScenarioMistake(`What "${page}" holds is its driver's own affair: have DMA go to another page`);
}

/**
 * A page of memory is written.
 * @throws ScenarioMistake where it is one of a queue
 */
export function writePage(host: Host, page: string | null, content: string): void {
  if (page === null) return;
  requireData(page);
  const { memory, uncertainPages } = host.state;
  if (uncertainPages.includes(page)) {
    host.state.uncertainPages = uncertainPages.filter((each) => each !== page);
    host.memory[page] = { $maybe: content };
  } else if (memory[page] !== content) host.memory[page] = content;
  memory[page] = content;
}

/** A page of memory may have been written by somebody who does what he likes. */
export function mayWritePage(host: Host, page: string): void {
  if (page.includes(".queues[")) return;
  host.memory[page] = { $maybe: anything };
  if (!host.state.uncertainPages.includes(page)) host.state.uncertainPages.push(page);
}

/**
 * What a page of memory holds.
 * @throws ScenarioMistake where nobody can say
 */
export function contentOf(host: Host, page: string): string {
  requireData(page);
  if (host.state.uncertainPages.includes(page)) {
    throw new ScenarioMistake(`What "${page}" holds is the affair of a function of one's own: say so with "expect"`);
  }
  return host.state.memory[page] ?? "unknown";
}

/** What a block of a function's medium holds. */
export const blockContent = (host: Host, name: string, block: number): string =>
  host.state.blocks[blockKey(name, block)] ?? `block:${blockKey(name, block)}`;

/** A block of a function's medium is written. */
export function writeBlock(host: Host, name: string, block: number, content: string): void {
  if (blockContent(host, name, block) === content) return;
  host.state.blocks[blockKey(name, block)] = content;
  host.blocks[blockKey(name, block)] = content;
}

const blockKey = (name: string, block: number): string => `${name}:${String(block)}`;
