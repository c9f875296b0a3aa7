/**
 * Traces are sent to people: what tells of one machine and its network is replaced where a trace is written.
 *
 * The same text gets the same replacement throughout a trace, so that what belonged together still does. Only what
 * is free text goes through here: log lines, alarms, raw answers, the command line; all else is symbolic already.
 */
import type { Value } from "./observation.ts";
import type { TraceHeader, TraceStep } from "./trace.ts";

/** What is looked for: the first that matches a place has it. */
const kinds: readonly {
  readonly kind: string;
  readonly pattern: RegExp;
  readonly isOne?: (text: string) => boolean;
}[] = [
  { kind: "key", pattern: /-----BEGIN [A-Z ]*KEY-----[\s\S]*?(?:-----END [A-Z ]*KEY-----|$)/gu },
  { kind: "key", pattern: /\b(?:ssh-(?:rsa|dss|ed25519)|ecdsa-sha2-[\w-]+) [A-Za-z0-9+/=]{20,}/gu },
  { kind: "key", pattern: /\bSHA256:[A-Za-z0-9+/]{43}\b/gu },
  { kind: "key", pattern: /(?<=\b(?:password|passwd|passphrase|secret|token)\s?[=:]\s?)[^\s"]+/giu },
  { kind: "serial", pattern: /\bnqn\.[\w.:-]+/gu },
  { kind: "serial", pattern: /(?<=\b(?:eui|naa|wwn|wwid|wwpn)[.:= ])(?:0x)?[0-9a-f]{16,32}\b/giu },
  { kind: "serial", pattern: /\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/giu },
  {
    kind: "serial",
    pattern: /(?<=\b(?:serial(?: ?(?:number|no\.?|#))?|s\/n)\s?[=:]?\s?"?)(?=[\w-]*\d)[\w-]{4,}/giu,
  },
  { kind: "address", pattern: /(?<![\w:-])[0-9a-f]{2}(?:([:-])[0-9a-f]{2})(?:\1[0-9a-f]{2}){4}(?![\w:-])/giu },
  { kind: "address", pattern: /(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?![\w.]*\d)/gu, isOne: isIpv4 },
  { kind: "address", pattern: /(?<![\w:.])[0-9a-f:]*:[0-9a-f:]*(?![\w:.])/giu, isOne: isIpv6 },
];

/** What is replaced, by kind. */
export const replacedKinds: readonly string[] = [...new Set(kinds.map(({ kind }) => kind))];

/** Replaces what must not leave a machine, the same text always by the same. */
export class SecretReplacer {
  readonly #names = new Map<string, string>();
  readonly #counts = new Map<string, number>();

  /** A text without secrets. */
  replaceIn(text: string): string {
    return kinds.reduce(
      (rest, { kind, pattern, isOne = () => true }) =>
        rest.replace(pattern, (found) => (isOne(found) ? this.#nameOf(kind, found) : found)),
      text,
    );
  }

  /** A header without secrets. */
  replaceInHeader(header: TraceHeader): TraceHeader {
    const { kernel } = header.profile;
    const commandLine = this.replaceIn(kernel.commandLine);
    return { ...header, profile: { ...header.profile, kernel: { ...kernel, commandLine } } };
  }

  /** A step without secrets. */
  replaceInStep(step: TraceStep): TraceStep {
    const { observation, evidence } = step;
    return {
      ...step,
      observation: { ...observation, alarms: observation.alarms.map((line) => this.replaceIn(line)) },
      evidence: {
        ...evidence,
        log: evidence.log.map((line) => this.replaceIn(line)),
        raw: this.#replaceInValue(evidence.raw),
      },
    };
  }

  #replaceInValue(value: Value): Value {
    if (typeof value === "string") return this.replaceIn(value);
    if (value === null || typeof value !== "object") return value;
    if (Array.isArray(value)) return value.map((each: Value) => this.#replaceInValue(each));
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, this.#replaceInValue(each)]));
  }

  #nameOf(kind: string, found: string): string {
    const key = found.toLowerCase();
    const known = this.#names.get(key);
    if (known !== undefined) return known;
    const count = (this.#counts.get(kind) ?? 0) + 1;
    const name = `<${kind} ${String(count)}>`;
    this.#counts.set(kind, count);
    this.#names.set(key, name);
    return name;
  }
}

function isIpv4(text: string): boolean {
  return text.split(".").every((part) => Number(part) < 256);
}

/** Eight groups, or fewer around one `::`. What has neither is a time, or a function's address: 0001:00:00.0. */
function isIpv6(text: string): boolean {
  const halves = text.split("::");
  const groups = text.split(":").filter((group) => group !== "");
  if (groups.length === 0 || groups.some((group) => group.length > 4)) return false;
  return halves.length === 2 ? groups.length < 8 && /[0-9]/u.test(text) : halves.length === 1 && groups.length === 8;
}
