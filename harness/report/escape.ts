/** Showing text that was not written by us: a guest's console, a kernel's log, a program's last words. */

// Controls, formatting (bidirectional overrides among them), line and paragraph separators, lone surrogates.
const unprintable = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

/** A line of foreign text with everything that a terminal could obey made visible: `\x1b`, `\u{202e}`. */
export function escapeLine(text: string): string {
  return text.replace(unprintable, (character) => {
    const code = character.codePointAt(0) ?? 0;
    const hex = code.toString(16);
    return code < 0x100 ? `\\x${hex.padStart(2, "0")}` : `\\u{${hex}}`;
  });
}

/** Foreign text whose line ends and tabs keep their meaning; the rest is escaped. */
export const escapeText = (text: string): string => escapeLines(text).join("\n");

/** Foreign text in lines: line ends and tabs keep their meaning, the rest is escaped. */
export function escapeLines(text: string): string[] {
  return text
    .replaceAll("\r\n", "\n")
    .split("\n")
    .map((line) => escapeLine(line.replaceAll("\t", "  ")));
}
