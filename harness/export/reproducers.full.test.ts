/** Reproducers that take gdb, or a host: each shows its ledger entry, and without gdb nothing of it is to be seen. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { readLedger } from "../scenarios/read-ledger.ts";
import { readNamed } from "../scenarios/read-scenarios.ts";
import { exportedScenario } from "../testing/run-reproducer.ts";
import { findReproducer } from "./find-reproducer.ts";

/** Each entry, the step that shows it, and what is printed there. */
const shown: readonly (readonly [string, number, RegExp])[] = [
  ["busy-registration-sleeps-in-atomic", 10, /BUG: scheduling while atomic/u],
  ["failed-power-off-loses-function", 2, /result: EIO\n {4}functions: .*"handle":null/u],
  ["failed-replace-blocks", 14, /^ {2}result: OK\n {4}values: .*\n {4}functions: .*"counters":null/mu],
  ["failed-replace-drops-reservations", 10, /^ {4}values: .*"ranges":\[\["0x0",/mu],
  ["flush-lost-in-error-state", 11, /^ {4}memory: \{"p\[0\]"/mu],
  ["flush-without-table-is-an-error", 17, /zPCI: err fid:21, fh:80020001, pec:1/u],
  ["map-error-of-others-lost", 16, /gdb: rpcit of b is answered cc=1 status=8\n {2}result: OK/u],
  ["open-leaves-registers-out-of-reach", 10, /^ {2}result: EIO/mu],
  ["refused-flush-leaves-page", 11, /^ {4}memory: \{"p\[0\]"/mu],
  ["refused-unregister-keeps-table", 11, /^ {4}memory: \{"p\[0\]"/mu],
  ["reports-wait-for-user", 15, /zPCI: deconf fid:20, rc:0\n {4}zPCI: err fid:21, fh:80020001, pec:4/u],
  ["reset-returns-condition-code", 10, /result: OK\n {4}values: \{"returned":1\}/u],
  ["short-table-for-distant-start", 4, /^ {2}result: ENOENT/mu],
  ["table-types-by-number", 9, /^ {4}values: .*"ranges":\[\["0x100000000","0xffffffffffffffff"\]\]/mu],
];

const ledger = await readLedger();
const scenarios = await readNamed(ledger.flatMap(({ evidence }) => evidence));
/** As above, in a guest. */
const shownInGuests: typeof shown = [
  ["entries-lost-with-table", 12, /^ {2}result: ENOMEM/mu],
  ["error-stops-guest", 9, /Unrecoverable error detected.*\n# the guest is stopped: .*"internal-error"/u],
  ["last-entry-refused", 11, /^ {2}result: ENOMEM/mu],
];

const found = ledger.flatMap((entry) => {
  const reproducer = findReproducer(entry, ledger, scenarios);
  return reproducer.scenario === null || reproducer.kernel !== null ? [] : [{ name: entry.name, ...reproducer }];
});
const scenarioOf = (entry: string): string => found.find(({ name }) => name === entry)?.scenario ?? "";
const takesGdb = found.filter(({ needs }) => needs === "QEMU and gdb").map(({ name }) => name);
const takesHost = found.filter(({ bench }) => bench === "passthrough").map(({ name }) => name);

it("are all tried here that the newest kernel shows", () => {
  expect(shown.map(([name]) => name)).toEqual(takesGdb);
  expect(shownInGuests.map(([name]) => name)).toEqual(takesHost);
});

it.each(shown)("%s", async (name, step, what) => {
  const folder = await mkdtemp(join(tmpdir(), "zt-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const { run } = await exportedScenario(scenarioOf(name), folder);
  const [withGdb, alone] = [await run("run"), await run("machine")];
  expect(withGdb.step(step)).toMatch(what);
  expect(withGdb.text).toMatch(/^# done$/mu);
  expect(alone.step(step)).not.toBe("");
  expect(alone.step(step)).not.toMatch(what);
});

it.each(shownInGuests)("%s, in a guest", async (name, step, what) => {
  const folder = await mkdtemp(join(tmpdir(), "zt-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const { run } = await exportedScenario(scenarioOf(name), folder, "passthrough");
  expect((await run("run")).step(step)).toMatch(what);
});
