/** Projects of other people that use `zpci-hil/vitest`: filters, shards, merged reports, and what a bad test leaves behind. */
import { execFile } from "node:child_process";
import { mkdir, readdir, readFile, symlink } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { projectRoot } from "../assets/project-root.ts";
import { temporaryFolder, type TemporaryFolder } from "../testing/scenario-files.ts";

const limit = 120_000;
const index = join(projectRoot, "harness/vitest/index.ts");

const configuration = `
import { defineConfig } from "vitest/config";
export default defineConfig({
  resolve: { alias: { "zpci-hil/vitest": ${JSON.stringify(index)} } },
  server: { deps: { inline: [/./] } },
  test: { provide: { zhil: { bench: "model" } }, testTimeout: 20_000 },
});
`;
const header = 'import { expect, test } from "zpci-hil/vitest";\n';
const good = (name: string): string => `${header}
test("${name} binds", async ({ device, guest }) => {
  expect(await device.perform("bind", {})).toMatchObject({ result: "OK" });
  await expect(guest.trace).toMatchModel();
});
test("${name} looks", async ({ agent }) => {
  expect((await agent.perform({ look: {} })).result).toBe("OK");
});
`;

/** A project in a folder of its own, with this one's packages. */
async function makeProject(
  files: Readonly<Record<string, string>>,
): Promise<TemporaryFolder & { readonly tmp: string }> {
  const folder = await temporaryFolder({ "vitest.config.mjs": configuration, "package.json": "{}", ...files });
  const tmp = join(folder.path, "tmp");
  await mkdir(tmp);
  await symlink(join(projectRoot, "node_modules"), join(folder.path, "node_modules"));
  return { ...folder, tmp };
}

function vitest(
  project: { readonly path: string; readonly tmp: string },
  ...argv: readonly string[]
): Promise<{ readonly code: number; readonly said: string }> {
  const program = join(projectRoot, "node_modules/vitest/vitest.mjs");
  const options = { cwd: project.path, env: { ...process.env, TMPDIR: project.tmp, NO_COLOR: "1", VITEST: "" } };
  return new Promise((resolve) => {
    execFile(process.execPath, [program, ...argv], options, (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === "number" ? error.code : error === null ? 0 : 2, said: stdout + stderr });
    });
  });
}

const leftIn = async (tmp: string): Promise<readonly string[]> =>
  (await readdir(tmp)).filter((name) => name.startsWith("zhil-"));

it(
  "runs them all, those that a filter leaves, and those of a shard, whose blobs are merged",
  { timeout: limit },
  async () => {
    await using project = await makeProject({ "one.test.ts": good("one"), "two.test.ts": good("two") });
    const filtered = await vitest(project, "run", "-t", "binds", "one");
    expect(filtered.said).toMatch(/Tests {2}1 passed \| 1 skipped/u);
    for (const shard of ["1/2", "2/2"]) {
      const run = await vitest(project, "run", `--shard=${shard}`, "--reporter=blob");
      expect(run).toMatchObject({ code: 0 });
    }
    const merged = await vitest(project, "--merge-reports", "--reporter=junit", "--outputFile=all.xml");
    expect(merged.code).toBe(0);
    expect(await readFile(join(project.path, "all.xml"), "utf8")).toMatch(/tests="4" failures="0"/u);
    expect(await leftIn(project.tmp)).toEqual([]);
  },
);

it(
  "keeps the evidence of a test that failed, says where, and ends what it had in any case",
  { timeout: limit },
  async () => {
    await using project = await makeProject({
      "bad.test.ts": `${header}
test("fails", async ({ device, guest, evidence }) => {
  await device.perform("bind", {});
  expect(guest.trace.steps).toEqual(evidence);
});
test("takes too long", { timeout: 500 }, async ({ device }) => {
  await device.perform("bind", {});
  await new Promise(() => undefined);
});
`,
    });
    const { code, said } = await vitest(project, "run");
    expect(code).toBe(1);
    expect(said).toContain("Test timed out in 500ms");
    const kept = await leftIn(project.tmp);
    expect(kept).toHaveLength(2);
    for (const name of kept) expect(said).toContain(`is in ${join(project.tmp, name)}`);
  },
);
