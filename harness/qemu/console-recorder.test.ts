import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { afterAll, beforeAll, expect, it } from "vitest";
import { recordConsole } from "./console-recorder.ts";
import { escapeText } from "../report/escape.ts";
import { describeEnd } from "./describe-end.ts";
import { quoteForShell } from "./quote-for-shell.ts";
import { TailText } from "./tail-text.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "zt-"));
});
afterAll(() => rm(folder, { recursive: true }));

it("keeps what a guest says, and gives what came after a moment", async () => {
  const stream = new PassThrough();
  const console = recordConsole(stream, join(folder, "console.log"));
  stream.write("before\n");
  await expect.poll(() => console.position).toBe(7);
  const { position } = console;
  stream.end("after\n");
  await console.ended;
  expect(console.textFrom(position)).toBe("after\n");
  expect(await readFile(console.path, "utf8")).toBe("before\nafter\n");
});

it("reads a console on whose file has no room left, keeps its end in memory, and counts what is not kept", async () => {
  const stream = new PassThrough();
  const console = recordConsole(stream, "/dev/full");
  stream.write("first\n");
  stream.end("last words");
  await console.ended;
  expect(console.textFrom(0)).toBe("first\nlast words");
  expect(console.dropped).toBe(16);
});

it("reads an endless console on, keeps 4 MiB of its beginning and the end in memory, and counts the rest", async () => {
  const stream = new PassThrough();
  const console = recordConsole(stream, join(folder, "flood.log"));
  const mebibyte = Buffer.alloc(1024 * 1024, "x");
  for (let count = 0; count < 5; count++) stream.write(mebibyte);
  stream.end("last words");
  await console.ended;
  expect(console.dropped).toBe(1024 * 1024 + 10);
  expect((await readFile(console.path)).length).toBe(4 * 1024 * 1024);
  expect(console.textFrom(0).endsWith("xxlast words")).toBe(true);
  expect(console.textFrom(0)).toHaveLength(64 * 1024);
});

it("goes on in another file, which has room of its own", async () => {
  const stream = new PassThrough();
  const console = recordConsole(stream, join(folder, "first.log"));
  stream.write(Buffer.alloc(4 * 1024 * 1024 + 1, "x"));
  await expect.poll(() => console.dropped).toBe(1);
  console.continueIn(join(folder, "second.log"));
  stream.write("after\n");
  await expect.poll(() => console.textFrom(console.position - 6)).toBe("after\n");
  expect(console.path).toBe(join(folder, "second.log"));
  expect(await readFile(console.path, "utf8")).toBe("after\n");
  stream.end();
  await console.ended;
  console.continueIn(join(folder, "never.log"));
  expect(console.path).toBe(join(folder, "second.log"));
});

it("gives of a tail what is still kept from a position on", () => {
  const tail = new TailText(4);
  for (const text of ["ab", "cd", "ef", "gh", "ij"]) tail.push(Buffer.from(text));
  expect(tail.position).toBe(10);
  expect([tail.textFrom(0), tail.textFrom(7), tail.textFrom(10)]).toEqual(["ghij", "hij", ""]);
});

it("makes a guest's words harmless for a terminal", () => {
  expect(escapeText("one\r\n\u001b[2Jtwo\u0007")).toBe("one\n\\x1b[2Jtwo\\x07");
  const stderr = "\u001b]0;owned\u0007";
  expect(describeEnd({ kind: "exited", code: 1, signal: null, stderr })).toBe(
    "exited with status 1: \\x1b]0;owned\\x07",
  );
});

it.each([
  [{ kind: "exited", code: 1, signal: null, stderr: "bad option\n" }, "exited with status 1: bad option"],
  [{ kind: "exited", code: null, signal: "SIGKILL", stderr: "" }, "was ended by SIGKILL"],
  [
    { kind: "panicked", console: "Linux\r\nKernel panic - not syncing: \u0007\r\nCPU: 0\r\n" },
    "reported a guest panic: Kernel panic - not syncing: \\x07",
  ],
  [{ kind: "panicked", console: "" }, "reported a guest panic: its console says nothing of it"],
  [{ kind: "powered-off", reason: "guest-reset" }, "powered off: guest-reset"],
] as const)("says how a machine ended: %j", (end, text) => {
  expect(describeEnd(end)).toBe(text);
});

it("quotes for a shell only what needs it", () => {
  expect(quoteForShell(["qemu", "-append", "a b", "it's", "", "socket,id=m,path=/x"])).toBe(
    "qemu -append 'a b' 'it'\\''s' '' socket,id=m,path=/x",
  );
});
