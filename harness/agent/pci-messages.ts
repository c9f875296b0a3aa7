/**
 * The kernel's own zPCI messages (s390dbf pci_msg), told in words: the formats are the zpci_dbg() calls of
 * arch/s390/pci and drivers/pci/hotplug/s390_pci_hpc.c.
 */
import type { FunctionProfile } from "../../src/trace/profile.ts";

/** What a line's first word says happened. */
const verbs: Readonly<Record<string, string>> = {
  "reg ioat": "register-ioat",
  "unreg ioat": "unregister-ioat",
  rst: "reset",
  crt: "create",
  add: "add",
  deconf: "deconfigure",
  conf: "configure",
  rsv: "reserved",
  rem: "removed",
  rea: "reappeared",
  ces: "clear-error-state",
  rls: "reset-load-store-blocked",
  ena: "enable",
  "ena mio": "enable-mio",
  dis: "disable",
  err: "error",
  avl: "available",
};

const linePattern = /^(?<verb>[a-z]+(?: [a-z]+)?) fid:(?<fid>[0-9a-f]+)(?<rest>(?:, .*)?)$/;

/**
 * New lines as messages such as `a disable`, `a enable rc=-5`, `a error 0x4`: functions by name, handles left out. The
 * kernel tells a stale event in a line of its own, which becomes part of the event's message. A line of another form
 * is kept as it is.
 */
export function nameMessages(lines: readonly string[], functions: readonly FunctionProfile[]): string[] {
  const messages: string[] = [];
  for (const line of lines) {
    const { verb = "", fid = "", rest = "" } = linePattern.exec(line)?.groups ?? {};
    const word = verbs[verb];
    if (word === undefined) {
      messages.push(line);
      continue;
    }
    const number = Number.parseInt(fid, 16);
    const who = functions.find((each) => each.fid === number)?.name ?? `fid:0x${fid}`;
    if (word === "error" && rest.includes("(stale ")) markStale(messages, who);
    else messages.push([who, word, ...describeFields(rest)].join(" "));
  }
  return messages;
}

function describeFields(rest: string): string[] {
  const fields = new Map(
    [...rest.matchAll(/, ([a-z]+):(-?[0-9a-f]+)/g)].map(([, key = "", value = ""]) => [key, value]),
  );
  const words: string[] = [];
  const pec = fields.get("pec");
  if (pec !== undefined) words.push(`0x${pec}`);
  // Success goes without saying.
  for (const key of ["rc", "cc", "status"]) {
    const value = fields.get(key);
    if (value !== undefined && (key !== "rc" || value !== "0")) words.push(`${key}=${value}`);
  }
  return words;
}

function markStale(messages: string[], who: string): void {
  const index = messages.findLastIndex((each) => each.startsWith(`${who} error 0x`) && !each.endsWith(" stale"));
  const event = messages[index] ?? `${who} error`;
  messages.splice(index === -1 ? messages.length : index, 1, `${event} stale`);
}
