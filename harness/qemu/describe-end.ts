import { escapeText } from "../report/escape.ts";
import type { MachineEnd } from "./started-qemu.ts";

/** Characters of a guest's or QEMU's own words that an error shows. */
const shownCharacters = 2_000;

/** How a machine ended, as it completes "QEMU …"; what came from the guest is escaped. */
export function describeEnd(end: MachineEnd): string {
  switch (end.kind) {
    case "exited": {
      const how = end.signal === null ? `exited with status ${end.code ?? "unknown"}` : `was ended by ${end.signal}`;
      return `${how}${quoteTail(end.stderr)}`;
    }
    case "panicked":
      return `reported a guest panic: ${findPanic(end.console)}`;
    case "powered-off":
      return `powered off: ${escapeText(end.reason)}`;
  }
}

/** What the kernel panicked about. */
function findPanic(console: string): string {
  const said = /^.*Kernel panic.*$/m.exec(escapeText(console))?.[0];
  return said?.trim().slice(0, shownCharacters) ?? "its console says nothing of it";
}

function quoteTail(text: string): string {
  const tail = escapeText(text).trim().slice(-shownCharacters);
  return tail === "" ? "" : `: ${tail}`;
}
