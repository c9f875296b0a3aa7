import { expect, it } from "vitest";
import { writeCpio } from "../assets/cpio.ts";
import { findMember } from "./agent-program.ts";

const archive = writeCpio([
  { path: "dev", kind: "folder", mode: 0o755 },
  { path: "init", kind: "file", mode: 0o755, content: Buffer.from("the agent") },
  { path: "last", kind: "file", mode: 0o644, content: Buffer.from("x") },
]);

it("finds a member of an archive, wherever it is", () => {
  expect(findMember(archive, "init")?.toString()).toBe("the agent");
  expect(findMember(archive, "last")?.toString()).toBe("x");
});

it("finds nothing in what has no such member, and in what is no archive", () => {
  expect(findMember(archive, "none")).toBeNull();
  expect(findMember(Buffer.from("no archive".repeat(20)), "init")).toBeNull();
});
