/** The prompt of a session: takes steps in a scenario's own syntax, and a few words of its own. */
import { existsSync, readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { operationNames } from "../../src/operation/operation.ts";
import { ScenarioError } from "../../src/scenario/parse.ts";
import { phraseNames } from "../../src/scenario/phrases.ts";
import { describeError } from "../errors/describe-error.ts";
import { describeOperation } from "../report/describe-operation.ts";
import { escapeLines } from "../report/escape.ts";
import type { Screen } from "../report/screen.ts";
import { printStep } from "../report/timeline.ts";
import type { JudgedStep, ShellSession } from "./shell-session.ts";

/** Where lines come from. */
export interface Lines {
  readonly input: Readable;
  /** Where a prompt is shown and lines are edited; null where they come from a file or a pipe. */
  readonly terminal: Writable | null;
}

/** What a shell works with. */
export interface Shell {
  readonly session: ShellSession;
  readonly lines: Lines;
  readonly screen: Screen;
  readonly consoleFile: string;
  readonly signal: AbortSignal;
}

/** Lines of the console that are shown where nobody says how many. */
const usualLines = 25;

const words: Readonly<Record<string, string>> = {
  next: "performs the scenario's next operation; next 3 the next three, next all the rest",
  list: "the scenario's operations, and where this is",
  show: "the last observation in full beside what was expected; show 5 that of step 5",
  console: "the end of the guest's console; console 100 more of it",
  help: "this",
  exit: "ends the machine and leaves (Ctrl-D)",
};

/** Takes lines until there are no more, somebody leaves, or it is interrupted. */
export async function runShell(shell: Shell): Promise<void> {
  const { lines, signal, screen } = shell;
  const reader = createInterface({
    input: lines.input,
    ...(lines.terminal === null ? {} : { output: lines.terminal, prompt: "zhil> ", completer: complete }),
    terminal: lines.terminal !== null,
  });
  const leave = (): void => {
    reader.close();
  };
  signal.addEventListener("abort", leave, { once: true });
  // In a terminal Ctrl-C is a key: what was typed is dropped, and where nothing was it is the end.
  reader.on("SIGINT", () => {
    if (reader.line === "") leave();
    else reader.write(null, { ctrl: true, name: "u" });
  });
  try {
    if (lines.terminal !== null) reader.prompt();
    for await (const line of reader) {
      if (signal.aborted || (await answer(line.trim(), shell)) === "leave") return;
      if (lines.terminal !== null) reader.prompt();
    }
    if (lines.terminal !== null) screen.print();
  } finally {
    signal.removeEventListener("abort", leave);
    reader.close();
  }
}

/** What one line asks for. What goes wrong is said, and the next line may go better. */
async function answer(line: string, shell: Shell): Promise<"leave" | null> {
  const { screen, signal } = shell;
  const [word = "", count = ""] = line.split(/\s+/u);
  try {
    if (word === "exit" || word === "quit") return "leave";
    if (word === "" || word.startsWith("#")) return null;
    else if (word === "help") printHelp(screen);
    else if (word === "list") printList(shell);
    else if (word === "console") printConsole(shell, Number(count) || usualLines);
    else if (word === "show") printOne(shell, Number(count) || shell.session.steps.length);
    else if (word === "next") await performNext(shell, count);
    else for (const performed of await shell.session.performTyped(line)) print(performed, shell, false);
  } catch (error) {
    signal.throwIfAborted();
    // Whatever was typed makes no sense to somebody on the way: that is no end of a session.
    const said = error instanceof ScenarioError ? [error.problem] : describeError(error);
    for (const each of said.flatMap(escapeLines)) screen.print(screen.paint("bad", each));
  }
  return null;
}

async function performNext(shell: Shell, count: string): Promise<void> {
  const { session } = shell;
  const left = session.planned.length - session.position;
  const wanted = count === "all" ? Math.max(left, 1) : Number(count) || 1;
  for (let done = 0; done < wanted; done++) print(await session.performNext(), shell, false);
}

const print = ({ step, judged }: JudgedStep, { session, screen }: Shell, all: boolean): void => {
  printStep(step, session.steps[step.step - 2]?.step ?? null, judged, screen, all);
};

function printOne(shell: Shell, number: number): void {
  const { session, screen } = shell;
  const performed = session.steps[number - 1];
  if (performed === undefined) screen.print(`No step ${number}: ${session.steps.length} were performed`);
  else print(performed, shell, true);
}

function printHelp({ print: line, paint }: Screen): void {
  line("A step as in a scenario, such as");
  line("  ioas-unmap: { ioas: A, iova: base+0x10000, length: 0x1000 }");
  line("is performed and judged. Functions, buffers, IOASes have the names that the scenario gave them. Besides:");
  for (const [word, what] of Object.entries(words)) line(`  ${word.padEnd(8)} ${paint("faint", what)}`);
}

function printList({ session, screen: { print: line, paint } }: Shell): void {
  for (const [index, { operation, note }] of session.planned.entries()) {
    const mark = index === session.position ? ">" : " ";
    const text = `${mark}${String(index + 1).padStart(3)}  ${describeOperation(operation)}`;
    line(index < session.position ? paint("faint", text) : text);
    if (note !== null) line(paint("faint", `        # ${escapeLines(note).join(" ")}`));
  }
}

function printConsole({ consoleFile, screen: { print: line, paint } }: Shell, count: number): void {
  const text = existsSync(consoleFile) ? readFileSync(consoleFile, "utf8").trimEnd() : "";
  if (text === "") line(paint("faint", "The console is empty"));
  else for (const each of escapeLines(text).slice(-count)) line(paint("faint", `  | ${each}`));
}

/** Completes the first word: operations, phrases and the shell's own. */
function complete(line: string): [string[], string] {
  const names = [...operationNames, ...phraseNames].map((name) => `${name}: { `);
  const own = Object.keys(words);
  return [[...names, ...own].filter((each) => each.startsWith(line)), line];
}
