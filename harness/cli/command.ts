import type { Command } from "commander";
import type { ExitCode } from "./exit-code.ts";
import type { Io } from "./io.ts";
import type { Services } from "./services.ts";

/** What a subcommand works with. */
export interface CommandContext {
  readonly io: Io;
  readonly services: Services;
  /** Sets the exit code; 0 where nobody does. An error thrown from an action gives 2. */
  readonly exit: (code: ExitCode) => void;
}

/** Adds a subcommand to the program. */
export type RegisterCommand = (program: Command, context: CommandContext) => void;
