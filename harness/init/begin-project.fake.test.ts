/** A project that somebody begins: from zpci-hil as it is packed, with what is in the package and nothing else. */
import { copyFile, mkdir, readdir, readFile, symlink, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { execa } from "execa";
import { afterAll, beforeAll, expect, it } from "vitest";
import { parse } from "yaml";
import { projectRoot } from "../assets/project-root.ts";
import { buildCommand, type BuiltCommand } from "../testing/build-command.ts";
import { callCli } from "../testing/call-cli.ts";
import { temporaryFolder, type TemporaryFolder } from "../testing/scenario-files.ts";

const limit = 120_000;
let built: BuiltCommand;
let folder: TemporaryFolder;
/** Folder of the project that was begun. */
let project = "";
let said = "";

async function run(
  program: string,
  argv: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<{ readonly exitCode: number; readonly said: string }> {
  // What a test that failed leaves for whoever looks on goes with the project.
  const env = { NO_COLOR: "1", VITEST: "", TMPDIR: folder.path, ...environment };
  const { exitCode, all } = await execa(program, [...argv], { cwd: project, reject: false, all: true, env });
  return { exitCode: exitCode ?? -1, said: all };
}

/** A folder like the project's own, freshly built: npm packs what lies there. */
async function layOut(root: string, dist: string): Promise<void> {
  await mkdir(join(root, "ci"), { recursive: true });
  await copyFile(join(projectRoot, "package.json"), join(root, "package.json"));
  await copyFile(join(projectRoot, "ci/needs.json"), join(root, "ci/needs.json"));
  for (const name of ["docs", "fixtures", "guests"]) {
    await execa("cp", ["-r", join(projectRoot, name), join(root, name)]);
  }
  await execa("cp", ["-r", dist, join(root, "dist")]);
  await execa("cp", ["-r", join(projectRoot, "dist/page"), join(root, "dist/page")]);
  await symlink(join(projectRoot, "node_modules"), join(root, "node_modules"));
}

/** What `npm install` does, without a registry: the package as it was packed, beside the packages that this one has. */
async function install(tarball: string): Promise<void> {
  const modules = join(project, "node_modules");
  await mkdir(join(modules, "zpci-hil"), { recursive: true });
  await execa("tar", ["-xzf", tarball, "-C", join(modules, "zpci-hil"), "--strip-components=1"]);
  for (const name of await readdir(join(projectRoot, "node_modules"))) {
    if (!name.startsWith(".")) await symlink(join(projectRoot, "node_modules", name), join(modules, name));
  }
}

beforeAll(async () => {
  built = await buildCommand();
  folder = await temporaryFolder();
  const root = join(folder.path, "zpci-hil");
  await layOut(root, built.folder);
  project = join(folder.path, "My corners");
  const call = await execa(process.execPath, [join(root, "dist/bin/zhil.js"), "init", basename(project)], {
    cwd: folder.path,
  });
  said = call.stdout;
  const tarball = said.split("\n").find((line) => line.endsWith(".tgz")) ?? "";
  await install(join(folder.path, tarball));
}, limit);
afterAll(async () => {
  await folder[Symbol.asyncDispose]();
  await built[Symbol.asyncDispose]();
});

it("names every file that it wrote, and what to do next", async () => {
  for (const line of said.split("\n").filter((each) => each.startsWith("My corners/"))) {
    expect((await readFile(join(folder.path, line))).length).toBeGreaterThan(0);
  }
  expect(said).toContain("My corners/.gitlab-ci.yml");
  expect(said).toMatch(/\ncd My corners && npm install/u);
  const manifest = JSON.parse(await readFile(join(project, "package.json"), "utf8")) as Record<string, unknown>;
  expect(manifest["name"]).toBe("my-corners");
  expect(manifest["devDependencies"]).toEqual({ vitest: "^4.1.0", "zpci-hil": "file:vendor/zpci-hil-0.1.0.tgz" });
});

it("runs its scenario by the packed command, and leaves a report", { timeout: limit }, async () => {
  const zhil = join(project, "node_modules/zpci-hil/dist/bin/zhil.js");
  const ended = await run(process.execPath, [zhil, "run", "--scenarios", "scenarios", "--bench", "model"]);
  expect(ended.said).toContain("1 pass, 0 fail");
  expect(ended.exitCode).toBe(0);
  expect(await readFile(join(project, "zhil-runs/latest/report.html"), "utf8")).toContain("unmapped-page");
});

it("runs its tests, and they can fail", { timeout: limit }, async () => {
  const vitest = join(project, "node_modules/vitest/vitest.mjs");
  const ended = await run(process.execPath, [vitest, "run"], { ZHIL_BENCH: "model" });
  expect(ended.said).toMatch(/Tests {2}2 passed/u);
  expect(ended.exitCode).toBe(0);
  const file = join(project, "tests/mapped-before-attach.test.ts");
  await writeFile(file, (await readFile(file, "utf8")).replace("toBe(1)", "toBe(2)"));
  expect((await run(process.execPath, [vitest, "run"], { ZHIL_BENCH: "model" })).said).toMatch(
    /1 failed \| 1 passed/u,
  );
});

it("has a configuration that a night takes, and files for continuous integrations that are YAML", async () => {
  const zhil = join(project, "node_modules/zpci-hil/dist/bin/zhil.js");
  const planned = await run(process.execPath, [zhil, "plan", "--shards", "1"]);
  expect(planned.exitCode).toBe(0);
  const plan = await readFile(join(project, "plan.json"), "utf8");
  expect(plan).toContain("unmapped-page");
  const gitHub = parse(await readFile(join(project, ".github/workflows/zhil.yml"), "utf8")) as GitHub;
  expect(gitHub.jobs.zhil.steps.map(({ run: line }) => line)).toContain("npm test");
  const gitLab = parse(await readFile(join(project, ".gitlab-ci.yml"), "utf8")) as GitLab;
  expect(gitLab.zhil.script).toContain("npm test");
  const needs = JSON.parse(await readFile(join(projectRoot, "ci/needs.json"), "utf8")) as readonly {
    package: string;
    tests?: boolean;
  }[];
  for (const { package: name, tests = false } of needs) {
    expect(gitLab.zhil.before_script[0]?.includes(` ${name}`)).toBe(!tests);
  }
});

it("overwrites nothing, and then writes nothing", async () => {
  await using own = await temporaryFolder({ "README.md": "mine\n" });
  const { code, stderr } = await callCli(["init"], { workingFolder: own.path });
  expect(code).toBe(2);
  expect(stderr).toContain("it has README.md already");
  expect(await readdir(own.path)).toEqual(["README.md"]);
  const given = await callCli(["init", "new", "--package", "file:../z.tgz"], { workingFolder: own.path });
  expect(given).toMatchObject({ code: 0, stderr: "" });
  expect(await readFile(join(own.path, "new/package.json"), "utf8")).toContain('"zpci-hil": "file:../z.tgz"');
});

interface GitHub {
  readonly jobs: { readonly zhil: { readonly steps: readonly { readonly run?: string }[] } };
}
interface GitLab {
  readonly zhil: { readonly before_script: readonly string[]; readonly script: readonly string[] };
}
