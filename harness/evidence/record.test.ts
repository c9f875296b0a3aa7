import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { projectRoot } from "../assets/project-root.ts";
import { recordOf } from "../testing/record-of.ts";
import { recordSchema, verdicts } from "./record.ts";
import { evidenceFiles } from "./scenario-folder.ts";

const documentation = await readFile(join(projectRoot, "docs", "evidence.md"), "utf8");

it.each([...Object.keys(recordSchema.shape), ...verdicts, ...Object.values(evidenceFiles)])(
  "docs/evidence.md says what %s is",
  (word) => {
    expect(documentation).toContain(`\`${word}\``);
  },
);

it("takes a record and refuses one with a field that nobody knows", () => {
  expect(recordSchema.parse(recordOf())).toEqual(recordOf());
  expect(recordSchema.safeParse({ ...recordOf(), mood: "good" }).success).toBe(false);
});
