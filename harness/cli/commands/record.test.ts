import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { callCli } from "../../testing/call-cli.ts";
import { scenarioText, temporaryFolder } from "../../testing/scenario-files.ts";

it("overwrites no trace, and loses none", async () => {
  await using folder = await temporaryFolder({ "scenarios/first.yaml": scenarioText("first") });
  const place = { workingFolder: folder.path };
  const record = ["record", "--bench", "model", "--scenarios", "scenarios", "-o", "traces"];
  await callCli(record, place);
  await writeFile(join(folder.path, "traces/first.ndjson"), "kept");
  const { code, stdout } = await callCli(record, place);
  expect(stdout).toContain("1 trace in traces: zhil check traces\n");
  expect(code).toBe(0);
  expect(await readdir(join(folder.path, "traces"))).toEqual(["first-2.ndjson", "first.ndjson"]);
});

it("names all that is wrong with a configuration, for a name misspelt is one too many and one too few", async () => {
  const lpar = `{ address: "a", usr: "root", hostKey: "k", functions: [] }`;
  await using folder = await temporaryFolder({ "zhil.config.mjs": `export default { lpar: ${lpar} };` });
  const { code, stderr } = await callCli(["record", "-o", "traces"], { workingFolder: folder.path });
  expect(stderr).toContain("lpar.user: ");
  expect(stderr).toContain('"usr"');
  expect(stderr).toContain("docs/hardware.md");
  expect(code).toBe(2);
});
