/**
 * A command for a host, as SSH carries it: one line, which the user's shell there takes apart again (RFC 4254, 6.5). So that it
 * comes out as the words that went in, words consist of characters that mean nothing to a shell, or the command is refused.
 */
import { InfrastructureError } from "../errors/harness-error.ts";

/** Letters, digits, and what paths, options and addresses need; no blank, quote, expansion, comment or home folder. */
const plainWord = /^[\w%+,./:=@-]+$/u;
/** Bytes that a whole command may have. */
const lengthLimit = 4096;

/** Program first. */
export type RemoteCommand = readonly [string, ...string[]];

/**
 * The line for a command.
 * @throws {InfrastructureError} where a word would mean something to a shell: whatever needs that goes by SFTP or a channel
 */
export function spellCommand(words: RemoteCommand): string {
  const odd = words.find((word) => !plainWord.test(word));
  // A shell takes NAME=value in front of a command for a variable.
  const [program] = words;
  if (odd === undefined && !program.includes("=") && !program.startsWith("-")) {
    const line = words.join(" ");
    if (line.length <= lengthLimit) return line;
    throw new InfrastructureError({
      what: `Cannot run "${program}" on a host: its line has more than ${lengthLimit} characters`,
    });
  }
  throw new InfrastructureError({
    what: `Cannot run ${JSON.stringify(odd ?? program)} on a host: it would mean something to the shell there`,
    remedy: "Send it as a file by SFTP, or to a program's standard input",
  });
}
