import { join } from "node:path";
import { stringify } from "yaml";
import { expect, it } from "vitest";
import { ledgerOf } from "../testing/fake-bench.ts";
import { temporaryFolder } from "../testing/scenario-files.ts";
import { readLedger } from "./read-ledger.ts";

const [entry] = ledgerOf("shadow-by-rpcit");

it("reads the ledger that comes with the project", async () => {
  expect((await readLedger()).length).toBeGreaterThan(0);
});

it("reads every entry of a folder", async () => {
  await using folder = await temporaryFolder({ "shadow-by-rpcit.yaml": stringify(entry), "README.md": "prose" });
  expect(await readLedger(folder.path)).toEqual([entry]);
});

it.each([
  ["not YAML", "shadow-by-rpcit.yaml", "a: [", /Cannot read the ledger entry ".*": not YAML/u],
  ["a missing field", "shadow-by-rpcit.yaml", stringify({ ...entry, analysis: undefined }), /: analysis: /u],
  ["another name than its file's", "other.yaml", stringify(entry), /named "shadow-by-rpcit", its file otherwise/u],
])("refuses an entry with %s", async (_, name, text, message) => {
  await using folder = await temporaryFolder({ [name]: text });
  await expect(readLedger(folder.path)).rejects.toThrow(message);
});

it("says which folder is not there", async () => {
  await using folder = await temporaryFolder();
  await expect(readLedger(join(folder.path, "none"))).rejects.toThrow(/Cannot read the ledger in ".*none"/u);
});
