import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { expect, it } from "vitest";
import { recordOf } from "../testing/record-of.ts";
import { temporaryFolder } from "../testing/scenario-files.ts";
import { packEvidence, unpackEvidence } from "./pack-evidence.ts";

it("brings a scenario's files and record to another folder", async () => {
  await using from = await temporaryFolder({
    "record.json": "{}",
    "trace.ndjson": "{}\n",
    "console.log": "a\u0000\u00ff",
  });
  await using to = await temporaryFolder({ "one-two/left": "of a call that was ended" });
  const record = recordOf({ scenario: "one/two", evidence: from.path, trace: join(from.path, "trace.ndjson") });
  const written = unpackEvidence(packEvidence(record), "one/two", to.path);
  const evidence = join(to.path, "one-two");
  expect(written).toEqual({ ...record, evidence, trace: join(evidence, "trace.ndjson") });
  expect((await readdir(evidence)).toSorted()).toEqual(["console.log", "record.json", "trace.ndjson"]);
  expect(JSON.parse(await readFile(join(evidence, "record.json"), "utf8"))).toEqual(written);
  expect(await readFile(join(evidence, "console.log"), "utf8")).toBe("a\u0000\u00ff");
});

it("leaves with the worker what is too large, and says so", async () => {
  await using from = await temporaryFolder({ "console.log": "x".repeat(9 * 2 ** 20) });
  await using to = await temporaryFolder();
  const packed = packEvidence(recordOf({ scenario: "one", evidence: from.path }));
  expect(unpackEvidence(packed, "one", to.path).caveats).toEqual([
    "console.log has 9437184 bytes and was left with the worker",
  ]);
});

it.each([
  ["something else", Buffer.from("no")],
  ["a record of another scenario", gzipSync(JSON.stringify({ record: recordOf({ scenario: "two" }), files: {} }))],
  [
    "a file above its folder",
    gzipSync(JSON.stringify({ record: recordOf({ scenario: "one" }), files: { "../up": "" } })),
  ],
])("refuses %s", async (_, packed) => {
  await using to = await temporaryFolder();
  expect(() => unpackEvidence(packed, "one", to.path)).toThrow('Cannot read the result of "one" out of the queue');
  expect(await readdir(to.path)).toEqual([]);
});
