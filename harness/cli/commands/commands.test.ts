import { Command } from "commander";
import { expect, it } from "vitest";
import { realServices } from "../services.ts";
import { commandNames, loadCommands, outlineCommands } from "./commands.ts";
import type { CommandOutline } from "./outlines.ts";

async function programFor(argv: readonly string[], outlines: readonly CommandOutline[] | null): Promise<Command> {
  const program = new Command();
  const output = { write: () => undefined, isTerminal: false, columns: null };
  const io = { stdout: output, stderr: output, environment: {}, workingFolder: "/", interrupt: AbortSignal.abort() };
  for (const register of await loadCommands(argv, outlines)) {
    register(program, { io, services: realServices, exit: () => undefined });
  }
  return program;
}
const namesFor = async (argv: readonly string[]): Promise<readonly string[]> =>
  (await programFor(argv, null)).commands.map((command) => command.name());

it("loads the subcommand that is called, or that help is asked of, and no other", async () => {
  for (const name of commandNames) {
    expect(await namesFor([name, "--help"])).toEqual([name]);
    expect(await namesFor(["help", name])).toEqual([name]);
  }
});

it.each([[[]], [["--help"]], [["help"]], [["chekc"]]])("loads all of them for %j", async (argv) => {
  expect(await namesFor(argv)).toEqual(commandNames);
});

it("says the same of all of them by their outlines", async () => {
  const outlined = await programFor(["--help"], await outlineCommands());
  expect(outlined.helpInformation()).toBe((await programFor(["--help"], null)).helpInformation());
});
