/** A value as one line of JSON that is safe to look at on a terminal, too. */
export const formatJsonLine = (value: unknown): string =>
  // JSON leaves these as they are; a terminal might obey them.
  `${JSON.stringify(value).replace(/[\u007f-\u009f\p{Cf}\p{Zl}\p{Zp}]/gu, toJsonEscape)}\n`;

const toJsonEscape = (character: string): string =>
  Array.from(
    { length: character.length },
    (_, index) => `\\u${character.charCodeAt(index).toString(16).padStart(4, "0")}`,
  ).join("");
