/** A reproducer is run as whoever gets it runs it: by its script, in an empty environment but for QEMU. */
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { makePlan } from "../../src/plan/make-plan.ts";
import { quirksOf } from "../../src/verdict/ledger.ts";
import { prepareAssets } from "../assets/prepare-assets.ts";
import { quoteForShell } from "../qemu/quote-for-shell.ts";
import { describeMachineOn } from "../run/emulated-bench.ts";
import { readLedger } from "../scenarios/read-ledger.ts";
import { readScenario, scenariosFolder } from "../scenarios/read-scenarios.ts";
import { scaleTime } from "../wait/with-limit.ts";
import { exportScenario } from "./export-scenario.ts";

it("shows in any QEMU what the scenario shows", async () => {
  const folder = await mkdtemp(join(tmpdir(), "zt-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const assets = await prepareAssets({ report: () => undefined, signal: new AbortController().signal });
  const { profile } = await describeMachineOn(assets);
  const scenario = await readScenario(join(scenariosFolder, "replace-populated-ioas.yaml"));
  const plan = makePlan(scenario, profile);
  const quirks = quirksOf(await readLedger(), plan.profile);
  const out = join(folder, "out");
  const { kernel, initramfs, qemu } = assets;
  await exportScenario(
    { plan, summary: scenario.summary, quirks, kernel: kernel.image, initramfs: initramfs.path },
    out,
  );
  const variables = Object.entries(qemu.environment).map(([name, value]) => `${name}=${value}`);
  const program = join(folder, "qemu");
  await writeFile(program, `#!/bin/sh\nexec ${quoteForShell(["env", ...variables, ...qemu.argv])} "$@"\n`, {
    mode: 0o755,
  });
  const printed = await new Promise<string>((resolve, reject) => {
    const env = { PATH: process.env["PATH"], QEMU: program };
    execFile(join(out, "run"), { env, timeout: scaleTime(60_000) }, (error, stdout) => {
      if (error === null) resolve(stdout);
      else reject(new Error(`The reproducer failed: ${error.message}`));
    });
  });
  const lines = printed.replaceAll("\r", "").split("\n");
  const after = (step: number): string =>
    lines.slice(lines.findIndex((line) => line.startsWith(`# ${step}  `))).join("\n");
  expect(printed.match(/ {2}result: OK/gu)).toHaveLength(
    plan.steps.length + plan.functions.length + plan.buffers.length,
  );
  expect(after(10)).toMatch(
    /block:a:1, digest (\w{16})"\}\n {2}result: OK\n(?: {4}.*\n)* {4}memory: \{"p\[0\]":\{"digest":"\1"/u,
  );
  expect(after(14)).toContain('known to be messages: ["a error 0x4"]');
  expect(after(14)).toContain("zPCI: err fid:20, fh:80020000, pec:4");
  expect(printed).not.toContain("refused by the agent");
});
