import { expect, it } from "vitest";
import { runTool, tryTool, type Tool } from "./run-tool.ts";

function tool(script: string, more: Partial<Tool> = {}): Tool {
  const signal = new AbortController().signal;
  return { command: "sh", arguments: ["-c", script], purpose: "try a tool", signal, limit: 10_000, ...more };
}

it("hands back what a program printed", async () => {
  expect(await runTool(tool("echo one; echo two"))).toBe("one\ntwo");
});

it("fails with the last lines a program wrote", async () => {
  const failing = runTool(tool("echo chatter; echo 'disk on fire' >&2; exit 3"));
  await expect(failing).rejects.toThrow(/^Cannot try a tool: "sh" ended with exit code 3: disk on fire$/);
});

it("names a program that is not installed, and what to do", async () => {
  const missing = runTool(tool("", { command: "no-such-program-zhil" }));
  await expect(missing).rejects.toMatchObject({
    what: 'Cannot try a tool: cannot start "no-such-program-zhil"',
    remedy: expect.stringContaining("ci/setup") as string,
  });
});

it("ends a program at its limit and says what was last seen", async () => {
  const slow = tryTool(tool("echo 'connecting to nowhere' >&2; exec sleep 60", { limit: 1500 }));
  await expect(slow).rejects.toThrow(/^Waited 1.5 s to try a tool; last seen: connecting to nowhere$/);
});

it("ends a program when it is called off, with the reason given", async () => {
  const caller = new AbortController();
  const called = tryTool(tool("exec sleep 60", { signal: caller.signal }));
  caller.abort(new Error("never mind"));
  await expect(called).rejects.toThrow("never mind");
});

it("tells every line of both streams", async () => {
  const lines: string[] = [];
  await runTool(tool("echo out; echo err >&2", { onLine: (line) => lines.push(line) }));
  expect(lines.sort()).toEqual(["err", "out"]);
});
