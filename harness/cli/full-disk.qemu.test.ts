/** Disks that are full: the cache's, where a template is frozen, and the one that evidence is written to. */
import { mkdir, readdir, symlink } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { findCacheRoot } from "../assets/cache.ts";
import { prepareAssets } from "../assets/prepare-assets.ts";
import { recordSchema } from "../evidence/record.ts";
import { buildCommand, type BuiltCommand } from "../testing/build-command.ts";
import { findProcesses } from "../testing/find-processes.ts";
import { scenarioText, temporaryFolder } from "../testing/scenario-files.ts";
import { runWithMounts } from "../testing/small-disk.ts";

let command: BuiltCommand;
beforeAll(async () => {
  await prepareAssets({ report: () => undefined, signal: new AbortController().signal });
  command = await buildCommand();
});
afterAll(() => command[Symbol.asyncDispose]());

const run = `"$1" "$2" run --json -j 2 --scenarios "$PWD/scenarios"`;
const scenarios = { "scenarios/one.yaml": scenarioText("one"), "scenarios/two.yaml": scenarioText("two") };

/** Verdicts of the records on standard output; whatever else is there is left out. */
const verdictsIn = (stdout: string): string[] =>
  stdout
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => recordSchema.parse(JSON.parse(line)).verdict);

/** A cache that has everything but templates, which go where a test has a small disk for them. */
async function makeCache(folder: string): Promise<Record<string, string>> {
  const [cache, scratch] = [join(folder, "cache"), join(folder, "tmp")];
  for (const path of [cache, join(cache, "template"), scratch]) await mkdir(path);
  for (const name of (await readdir(findCacheRoot())).filter((each) => each !== "template")) {
    await symlink(join(findCacheRoot(), name), join(cache, name));
  }
  return { ZHIL_CACHE: cache, TMPDIR: scratch };
}

it.each([
  ["while its guest boots", "12m"],
  ["when clones need more", "40m"],
])(
  "boots every scenario on its own where the disk is full %s, and freezes one when there is room",
  async (_, size) => {
    await using folder = await temporaryFolder(scenarios);
    const environment = await makeCache(folder.path);
    const script = `
    cd "$3"
    mount -t tmpfs -o size=${size} none cache/template
    ${run}
    ls -A cache/template | sed 's/^/left: /'
    echo with room >&2
    mount -o remount,size=1g cache/template
    ${run}
    ls -A cache/template | sed 's/^/kept: /'`;
    const words = [process.execPath, command.program, folder.path];
    const { code, stdout, stderr } = await runWithMounts(script, words, environment);
    expect(code, stderr).toBe(0);
    expect(verdictsIn(stdout)).toEqual(["pass", "pass", "pass", "pass"]);
    const [full = "", roomy = ""] = stderr.split("with room");
    expect(full).toMatch(
      /^Booting every scenario on its own, as no template can be had: There is no room for a template/mu,
    );
    expect(full).not.toContain("Freezing its RAM into the template's state");
    expect(roomy).toContain("Freezing a booted kernel as a template: none of this kernel");
    expect(roomy).not.toContain("on its own");
    expect(stdout.match(/^left: .*$/gmu)).toBeNull();
    expect(stdout.match(/^kept: [0-9a-f]{32}$/gmu)).toHaveLength(1);
    expect(await findProcesses(folder.path)).toEqual([]);
    expect(await readdir(join(folder.path, "tmp"))).toEqual([]);
  },
);

it("ends a run whose evidence cannot be kept, with what was had and with 2, and leaves nothing behind", async () => {
  const names = Array.from({ length: 24 }, (_, index) => `scenario-${index}`);
  await using folder = await temporaryFolder(
    Object.fromEntries(names.map((name) => [`scenarios/${name}.yaml`, scenarioText(name)])),
  );
  const scratch = join(folder.path, "tmp");
  for (const path of [scratch, join(folder.path, "zhil-runs")]) await mkdir(path);
  const script = `
    cd "$3"
    mount -t tmpfs -o size=512k none zhil-runs
    ${run} -j 4 || echo "code: $?"`;
  const words = [process.execPath, command.program, folder.path];
  const { stdout, stderr } = await runWithMounts(script, words, { TMPDIR: scratch });
  expect(stdout, stderr).toContain("code: 2");
  const verdicts = verdictsIn(stdout);
  expect(verdicts).toContain("pass");
  expect(verdicts.length).toBeLessThan(names.length);
  expect(stderr).toMatch(/^zhil: Cannot write the evidence .*zhil-runs/mu);
  expect(stderr).toContain("because: ENOSPC");
  expect(stderr).toContain("remedy: Make room there, or name another folder with --out");
  expect(await findProcesses(scratch)).toEqual([]);
  expect(await readdir(scratch)).toEqual([]);
});
