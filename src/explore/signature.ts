/** Signatures: what two findings have in common that are the same one. */
import { describePattern, type Difference } from "../compare/pattern.ts";
import type { Operation } from "../operation/operation.ts";

/** Places of an observation, the one that tells most first. */
const places = ["result", "alarms", "messages", "values", "memory", "blocks", "devices", "functions"] as const;

const longest = 100;

/** A kernel's own words, without what differs from one time to the next: addresses, offsets, numbers of processes and CPUs. */
export const normaliseText = (text: string): string =>
  text
    .replaceAll(/\[[\s\d.]+\]/gu, "")
    .replaceAll(/0x[0-9a-f]+|\b[0-9a-f]{8,}\b/giu, "#")
    .replaceAll(/(?:CPU|PID|pid|comm|Comm)[:\s]+\S+/gu, "")
    .replaceAll(/:\d+/gu, "")
    .replaceAll(/\+#\/#/gu, "")
    .replaceAll(/\s+/gu, " ")
    .trim()
    .slice(0, longest);

/** A path without names: which function, page or counter of the same kind it was does not matter. */
const normalisePath = (path: string): string =>
  path
    .replaceAll(/\[\d+\]/gu, "[]")
    .replace(/^(functions|devices)\.[^.]+/u, "$1.*")
    .replace(/^(memory|blocks)\..*$/u, "$1.*");

/** The difference that tells most. */
export function mostTelling(differences: readonly Difference[]): Difference | undefined {
  const rank = ({ path }: Difference): number => {
    const found = places.findIndex((place) => path.startsWith(place));
    return found < 0 ? places.length : found;
  };
  return [...differences].sort((a, b) => rank(a) - rank(b))[0];
}

/** The signature of what differs at an operation: its kind, where it differs most tellingly, and how. */
export function signatureOf({ op }: Pick<Operation, "op">, differences: readonly Difference[]): string {
  const difference = mostTelling(differences);
  if (difference === undefined) return op;
  const place = normalisePath(difference.path);
  return `${op} ${place} ${describeChange(place, difference)}`.trimEnd();
}

/** How it differs, as far as that is no matter of which names, addresses and numbers it was about. */
function describeChange(place: string, { expected, observed }: Difference): string {
  if (place.startsWith("devices") || place.startsWith("functions") || place.startsWith("memory")) return "";
  const told = JSON.stringify(observed ?? null);
  if (place.startsWith("alarms")) return `says ${normaliseText(told)}`;
  if (place.startsWith("messages")) return `says ${wordsOf(told)}, not ${wordsOf(describePattern(expected))}`;
  return `${shorten(describePattern(expected))} is ${shorten(told)}`;
}

/** What messages are of, each once: a function's name goes before each. */
const wordsOf = (text: string): string =>
  [...new Set([...text.matchAll(/"[^" ]+ ([^"]+)"/gu)].map(([, word]) => word ?? ""))]
    .sort()
    .join(", ")
    .slice(0, longest) || "nothing";

const shorten = (text: string): string => text.replaceAll(/0x[0-9a-f]{4,}/gu, "#").slice(0, longest);
