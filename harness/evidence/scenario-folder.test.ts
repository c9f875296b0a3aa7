import { mkdtemp, open, readdir, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { InfrastructureError } from "../errors/harness-error.ts";
import { recordOf } from "../testing/record-of.ts";
import { fakePlan } from "../testing/fake-plan.ts";
import { ScenarioFolder } from "./scenario-folder.ts";

let parent: string;
beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), "zt-"));
});
afterEach(() => rm(parent, { recursive: true }));

const failureOf = (action: () => void): InfrastructureError => {
  try {
    action();
  } catch (error) {
    expect(error).toBeInstanceOf(InfrastructureError);
    return error as InfrastructureError;
  }
  throw new Error("It did not fail");
};

it("leaves no half file where there is no room, and says which and what to do", async () => {
  using folder = ScenarioFolder.create(parent, "full");
  await symlink("/dev/full", `${folder.pathOf("record")}.part`);
  const error = failureOf(() => {
    folder.writeRecord(recordOf());
  });
  expect(error.what).toBe(`Cannot write the evidence "${folder.pathOf("record")}"`);
  expect(error.remedy).toContain("--out");
  expect(String(error.cause)).toContain("ENOSPC");
  expect(await readdir(folder.path)).toEqual(["reproduce"]);
});

it("never has half a record, whoever reads it and whenever its process ends", async () => {
  using folder = ScenarioFolder.create(parent, "killed");
  folder.writeRecord(recordOf());
  await using before = await open(folder.pathOf("record"));
  folder.writeRecord(recordOf({ scenario: "another" }));
  // The file that was whole was not touched: another, whole too, took its name.
  expect(JSON.parse(await before.readFile("utf8"))).toMatchObject({ scenario: recordOf().scenario });
  expect(await readdir(folder.path)).toEqual(["record.json", "reproduce"]);
});

it("says which trace cannot be begun", () => {
  using folder = ScenarioFolder.create(parent, "gone");
  folder.remove();
  const error = failureOf(() => {
    folder.beginTrace({
      ...{ trace: 2, scenario: "gone", profile: fakePlan.profile, buffers: [], replaced: [] },
      recorder: "test",
    });
  });
  expect(error.what).toContain("trace.ndjson");
});
