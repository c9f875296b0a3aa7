/** The sessions that the README shows are what runs show, word for word but for their times. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { marked } from "marked";
import { expect, it } from "vitest";
import { projectRoot } from "../assets/project-root.ts";
import { realServices } from "../cli/services.ts";
import { scenariosFolder } from "../scenarios/read-scenarios.ts";
import { callCli } from "../testing/call-cli.ts";
import { temporaryFolder } from "../testing/scenario-files.ts";

const readme = marked.lexer(await readFile(join(projectRoot, "README.md"), "utf8"));
const blocks = readme.flatMap((token) => (token.type === "code" ? [token["text"] as string] : []));
const linesOf = (text: string): string[] => text.split("\n").map((line) => line.replace(/ +[\d.]+ m?s$/u, ""));

it.each([
  ["replace-populated-ioas", "emulated", "replace function=a to=B"],
  ["host-resets-slot", "passthrough", "host-reset function=a"],
])("%s on %s", async (name, bench, step) => {
  await using folder = await temporaryFolder();
  const place = { workingFolder: folder.path, services: realServices };
  const ran = await callCli(["run", name, "--bench", bench, "--scenarios", scenariosFolder], place);
  expect(ran.code, ran.stderr).toBe(0);
  const { stdout } = await callCli(["show", `zhil-runs/latest/${name}`], place);
  const session = linesOf(blocks.find((block) => block.includes(step)) ?? "none");
  const shown = linesOf(stdout);
  const begin = shown.findIndex((line) => line === session[0]);
  expect(shown.slice(begin, begin + session.length)).toEqual(session);
});
