/** What the documentation shows works as it stands there: the tutorial from its first command to its last, scenarios, and every command line. */
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Command } from "commander";
import { marked, type Token } from "marked";
import { describe, expect, it } from "vitest";
import { projectRoot } from "../harness/assets/project-root.ts";
import { loadCommands } from "../harness/cli/commands/commands.ts";
import { realServices } from "../harness/cli/services.ts";
import { callCli, type Call } from "../harness/testing/call-cli.ts";
import { temporaryFolder } from "../harness/testing/scenario-files.ts";

interface Block {
  readonly page: string;
  readonly language: string;
  readonly text: string;
}

const blocksOf = (page: string, tokens: readonly Token[]): Block[] =>
  tokens.flatMap((token) => {
    if (token.type === "code") return [{ page, language: token["lang"] as string, text: token["text"] as string }];
    return blocksOf(page, (token as { tokens?: Token[] }).tokens ?? []);
  });

const names = [
  "README.md",
  ...(await readdir(join(projectRoot, "docs"))).filter((name) => name.endsWith(".md")).map((name) => `docs/${name}`),
];
const blocks = (
  await Promise.all(
    names.map(async (name) => blocksOf(name, marked.lexer(await readFile(join(projectRoot, name), "utf8")))),
  )
).flat();
const tutorial = blocks.filter(({ page }) => page === "docs/tutorial.md");
const isScenario = ({ text }: Block): boolean => /^name: /mu.test(text) && /^steps:/mu.test(text);
const nameOf = (text: string): string => /^name: (\S+)$/mu.exec(text)?.[1] ?? "";

/** A line as a shell would take it, as far as examples go: words, quotes, and `echo … |` before. */
async function perform(line: string, workingFolder: string): Promise<Call> {
  const [, typed, command = line] = /^echo "([^"]*)" \| (.*)$/u.exec(line) ?? [];
  const argv = command.split(" ").slice(1);
  return callCli(argv[0] === "run" ? argv.filter((word) => word !== "--scenarios" && word !== "scenarios") : argv, {
    workingFolder,
    services: realServices,
    ...(typed === undefined ? {} : { typed: `${typed}\n` }),
  });
}

it("the tutorial comes to what it says, command by command", { timeout: 120_000 }, async () => {
  await using folder = await temporaryFolder();
  let here = folder.path;
  let said = "";
  for (const { language, text } of tutorial) {
    if (language === "yaml") await writeFile(join(here, "scenarios", `${nameOf(text)}.yaml`), `${text}\n`);
    if (language !== "sh") continue;
    for (const line of text.split("\n")) {
      if (line.startsWith("cd ")) here = join(here, line.slice(3));
      else {
        const { code, stdout, stderr } = await perform(line, here);
        expect(code, `${line}: ${stderr}`).toBe(0);
        said += stdout;
      }
    }
  }
  expect(said).toContain("2 pass, 0 fail");
  expect(said).toMatch(/p\[0\] ← block:b:1/u);
  expect(said).toContain("one-of-two-leaves, before step 12, ioas-map ioas=A");
});

it("every scenario that a page shows is one, and runs", { timeout: 60_000 }, async () => {
  const scenarios = blocks.filter(isScenario);
  expect(scenarios.map(({ page }) => page)).toEqual(expect.arrayContaining(["README.md", "docs/tutorial.md"]));
  for (const { page, text } of scenarios) {
    await using folder = await temporaryFolder({ [`scenarios/${nameOf(text)}.yaml`]: `${text}\n` });
    const { code, stdout } = await callCli(["run", "--bench", "model"], { workingFolder: folder.path });
    expect(code, `${page}: ${stdout}`).toBe(0);
  }
});

describe("every command line that a page shows", async () => {
  const program = new Command("zhil");
  const io = { write: () => undefined, isTerminal: false, columns: null };
  const context = {
    stdout: io,
    stderr: io,
    environment: {},
    workingFolder: "",
    interrupt: new AbortController().signal,
  };
  for (const register of await loadCommands([])) {
    register(program, { io: context, services: realServices, exit: () => undefined });
  }
  const shown = blocks.flatMap(({ page, text }) =>
    text.split("\n").flatMap((line) => {
      // What stands after two spaces says what the command is for.
      const found = /^(?:\$ |npx |echo .* \| )?zhil (\S.*)$/u.exec(line);
      // What another command is to put there is that one's.
      const words =
        (found?.[1] ?? "")
          .replace(/"\$\([^)]*\)"/gu, "")
          .split(/ {2,}| #| [|>&]/u)[0]
          ?.split(" ") ?? [];
      return found === null ? [] : [[`${page}: zhil ${words.join(" ")}`, words] as const];
    }),
  );
  it("is found", () => {
    expect(shown.length).toBeGreaterThan(40);
  });
  it.each(shown)("has a command and options that there are: %s", (_, [name = "", ...words]) => {
    let command = program.commands.find((each) => each.name() === name);
    expect(command, `no command "${name}"`).toBeDefined();
    const [sub = ""] = words;
    command = command?.commands.find((each) => each.name() === sub) ?? command;
    for (const word of words.filter((each) => each.startsWith("-"))) {
      const flag = word.split("=")[0] ?? "";
      const known = command?.options.some(({ long, short }) => long === flag || short === flag);
      expect(known, `no option ${flag} of zhil ${name}`).toBe(true);
    }
  });
});
