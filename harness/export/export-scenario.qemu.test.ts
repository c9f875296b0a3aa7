/** A reproducer is run as whoever gets it runs it: by its script, in an empty environment but for QEMU. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { exportedScenario } from "../testing/run-reproducer.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "zt-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

it("shows in any QEMU what the scenario shows", async () => {
  const { run } = await exportedScenario("replace-populated-ioas", folder);
  const { text, step } = await run("run");
  expect(text.match(/ {2}result: /gu)).toEqual(text.match(/ {2}result: (?=OK)/gu));
  expect(step(10)).toMatch(
    /block:a:1, digest (\w{16})"\}\n {2}result: OK\n(?: {4}.*\n)* {4}memory: \{"p\[0\]":\{"digest":"\1"/u,
  );
  expect(step(14)).toContain('known to be messages: ["a error 0x4"]');
  expect(step(14)).toContain("zPCI: err fid:20, fh:80020000, pec:4");
  expect(text).toMatch(/^# done$/mu);
  expect(text).not.toContain("refused by the agent");
});

it("shows with gdb what comes of an instruction that QEMU does not answer so, and without gdb what QEMU answers", async () => {
  const { run } = await exportedScenario("answer-rpcit-unmap-refused@nvme", folder);
  const answered = await run("run");
  expect(answered.step(10)).toMatch(/^ {2}gdb: rpcit of a is answered cc=1 status=8\n {2}result: OK$/mu);
  expect(answered.step(11)).toMatch(/digest (\w{16})"\}\n(?:.*\n)* {4}memory: \{"p\[0\]":\{"digest":"\1"/u);
  const alone = await run("machine");
  expect(alone.text).toMatch(/^# done$/mu);
  expect(alone.text).not.toContain("gdb:");
  expect(alone.step(11)).toContain("zPCI: err fid:20, fh:80020000, pec:4");
  expect(alone.step(11)).not.toContain('    memory: {"p[0]"');
});

it("ends with its machine where that does not start", async () => {
  const { run } = await exportedScenario("unplug-held-error-unheard", folder);
  await expect(run("run", join(folder, "nothing"))).rejects.toThrow("Remote communication error");
  // Less than what a script that hangs is given before it is ended.
}, 40_000);

it("shows with gdb what another thread's flush inside an operation does to it", async () => {
  const { run } = await exportedScenario("race-unmap-in-error-by-flush@nvme", folder);
  const raced = await run("run");
  expect(raced.step(10)).toMatch(/^ {2}gdb: before-flush: flush of a 0x120000000: refused$/mu);
  expect(raced.step(10)).toContain("zPCI: err fid:20, fh:80020000, pec:2");
  expect(raced.step(11)).toMatch(/^ {4}memory: \{"p\[0\]"/mu);
  expect((await run("machine")).step(11)).not.toMatch(/^ {4}memory: /mu);
});
