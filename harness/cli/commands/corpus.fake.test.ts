import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { openModelBench } from "../../run/model-bench.ts";
import { callCli } from "../../testing/call-cli.ts";
import { openPlacesBench } from "../../testing/places-bench.ts";
import { temporaryFolder } from "../../testing/scenario-files.ts";

const services = { openBench: () => Promise.resolve(openPlacesBench()) };
const explored = ["explore", "--time", "1s", "--seed", "5", "-j", "1", "--operations", "40"];

it("keeps what exploring reaches, says what there is, and makes it smaller", async () => {
  await using folder = await temporaryFolder();
  const at = { workingFolder: folder.path, services };
  const first = await callCli(explored, at);
  expect(first.stdout).toMatch(
    /; (\d+) places of the kernel reached, \1 of them for the first time; (\d+) sequences kept, \2 in the corpus\n$/u,
  );
  const [kernel = ""] = await readdir(join(folder.path, "zhil-corpus"));
  expect(kernel).toBe("7.2-abababababab");
  const shown = await callCli(["corpus"], at);
  expect(shown.stdout).toMatch(/^7\.2-abababababab: \d+ sequences that reach \d+ places\n$/u);
  const { places } = JSON.parse((await callCli(["corpus", "show", "--json"], at)).stdout) as { places: number };
  expect(shown.stdout).toContain(`reach ${String(places)} places`);
  const { code, stdout } = await callCli(["corpus", "min"], at);
  expect(stdout).toMatch(
    /^before {2}\d+ sequences of \d+ operations, \d+ places\nafter {3}\d+ sequences of \d+ operations, \d+ places\n$/u,
  );
  expect(code).toBe(0);
});

it("keeps nothing where none is wanted, and says how many places were reached", async () => {
  await using folder = await temporaryFolder();
  const { stdout } = await callCli([...explored, "--no-corpus"], { workingFolder: folder.path, services });
  expect(stdout).toMatch(/; \d+ places of the kernel reached\n$/u);
  expect(await readdir(folder.path)).not.toContain("zhil-corpus");
});

it("says so where there is none, and where the kernel traces nothing", async () => {
  await using folder = await temporaryFolder();
  const at = { workingFolder: folder.path, services: { openBench: () => Promise.resolve(openModelBench()) } };
  expect((await callCli(["corpus"], at)).stdout).toBe("zhil-corpus has no sequences\n");
  const { code, stderr } = await callCli(["corpus", "min"], at);
  expect(stderr).toContain("does not trace it");
  expect(code).toBe(2);
  const replayed = await callCli(["explore", "--replay", "1:2@kept-0123456789ab"], at);
  expect(replayed.stderr).toContain('Cannot begin from "kept-0123456789ab"');
  expect(replayed.code).toBe(2);
});
