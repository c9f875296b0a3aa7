/** Outlines of subcommands: what the help says of them all, without loading any. The build writes them down beside the program. */
import { existsSync, readFileSync } from "node:fs";
import { Command, type Argument } from "commander";
import type { RegisterCommand } from "../command.ts";
import { realServices } from "../services.ts";

/** What the help of the program says of a subcommand. */
export interface CommandOutline {
  readonly name: string;
  readonly description: string;
  /** As its help spells them, such as `[path...]`. */
  readonly arguments: readonly string[];
  readonly hasOptions: boolean;
}

/** The file that the build makes, beside the program. */
const file = new URL("./outlines.json", import.meta.url);

/** Outlines that the build made; null where there are none, as in sources. */
export const readOutlines = (): readonly CommandOutline[] | null =>
  existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as CommandOutline[]) : null;

/** The outlines of subcommands that were loaded. */
export function outlineOf(loaded: readonly RegisterCommand[]): readonly CommandOutline[] {
  const program = new Command();
  const output = { write: () => undefined, isTerminal: false, columns: null };
  const io = { stdout: output, stderr: output, environment: {}, workingFolder: "/", interrupt: AbortSignal.abort() };
  for (const register of loaded) register(program, { io, services: realServices, exit: () => undefined });
  return program.commands.map((command) => ({
    name: command.name(),
    description: command.description(),
    arguments: command.registeredArguments.map(spellArgument),
    hasOptions: command.options.length > 0,
  }));
}

const spellArgument = (argument: Argument): string => {
  const words = `${argument.name()}${argument.variadic ? "..." : ""}`;
  return argument.required ? `<${words}>` : `[${words}]`;
};

/** Adds what an outline says to the program, for its help and to find out what was meant: such a subcommand is never run. */
export const registerOutline =
  ({ name, description, arguments: words, hasOptions }: CommandOutline): RegisterCommand =>
  (program) => {
    const command = program.command(name).description(description);
    for (const word of words) command.argument(word);
    if (hasOptions) command.option("--some");
  };
