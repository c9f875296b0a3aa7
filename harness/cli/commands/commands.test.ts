import { Command } from "commander";
import { expect, it } from "vitest";
import { realServices } from "../services.ts";
import { commandNames, loadCommands } from "./commands.ts";

async function namesFor(argv: readonly string[]): Promise<readonly string[]> {
  const program = new Command();
  const output = { write: () => undefined, isTerminal: false, columns: null };
  const io = { stdout: output, stderr: output, environment: {}, workingFolder: "/", interrupt: AbortSignal.abort() };
  for (const register of await loadCommands(argv)) {
    register(program, { io, services: realServices, exit: () => undefined });
  }
  return program.commands.map((command) => command.name());
}

it("loads the subcommand that is called, and no other", async () => {
  for (const name of commandNames) expect(await namesFor([name, "--help"])).toEqual([name]);
});

it.each([[[]], [["--help"]], [["help", "run"]], [["chekc"]]])("loads all of them for %j", async (argv) => {
  expect(await namesFor(argv)).toEqual(commandNames);
});
