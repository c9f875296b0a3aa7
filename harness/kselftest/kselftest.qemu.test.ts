/** A few of the kernel's own tests on a real kernel: one of each verdict, and a program that breaks its machine. */
import { afterAll, beforeAll, expect, it } from "vitest";
import type { CaseRecord } from "./case-record.ts";
import { collections } from "./collection.ts";
import { openTestBench } from "./emulated-test-bench.ts";
import { readExplanations } from "./explanations.ts";
import { listCases, runKselftests, selectCases } from "./run-kselftests.ts";
import type { TestBench } from "./test-machine.ts";

const signal = new AbortController().signal;
const collection = collections.iommu;
let bench: TestBench;
beforeAll(async () => {
  bench = await openTestBench({
    ...{ collection, kernel: null, qemu: null, source: null, report: () => undefined, signal },
  });
}, 900_000);
afterAll(() => bench[Symbol.asyncDispose]());

async function run(...names: readonly string[]): Promise<readonly CaseRecord[]> {
  const explanations = await readExplanations(collection.explanations);
  const cases = selectCases(await listCases(bench, collection, signal), names);
  const quiet = { onStart: () => undefined, onEnd: () => undefined };
  const { records } = await runKselftests(cases, { collection, bench, explanations, jobs: 2, signal, ...quiet });
  return records;
}

it("lists every case of both programs", async () => {
  const names = (await listCases(bench, collection, signal)).map(({ name }) => name);
  expect(names.length).toBeGreaterThan(200);
  expect(new Set(names).size).toBe(names.length);
  expect(names).toEqual(expect.arrayContaining(["iommufd.simple_close", "basic_fail_nth.map_domain"]));
});

it("passes, explains fails and explains skips", async () => {
  const records = await run(
    "iommufd.simple_close",
    "change_process.account_mm.basic",
    "iommufd_dirty_tracking.domain_dirty8k.get_dirty_bitmap",
    "iommufd_viommu.no_viommu.hw_queue",
  );
  const seen = Object.fromEntries(records.map((record) => [record.case, [record.verdict, ...record.known]]));
  expect(seen).toEqual({
    "iommufd.simple_close": ["pass"],
    "change_process.account_mm.basic": ["pass"],
    "iommufd_dirty_tracking.domain_dirty8k.get_dirty_bitmap": ["known", "bitmap-of-part-of-a-long"],
    "iommufd_viommu.no_viommu.hw_queue": ["known", "without-viommu"],
  });
});

it("kills what does not end, and goes on with the machine", async () => {
  await using machine = await bench.take(signal);
  const call = { program: "/kselftest/iommufd", arguments: ["-r", "iommufd_ioas.mock_domain.access_rw"], limit: 50 };
  expect(await machine.run(call, signal)).toMatchObject({ kind: "ended", late: true, exit: null, signal: 9 });
  const next = { ...call, arguments: ["-r", "iommufd.simple_close"], limit: 30_000 };
  expect(await machine.run(next, signal)).toMatchObject({ kind: "ended", late: false, exit: 0, alarms: [] });
});

it("says so where there is no such program", async () => {
  await using machine = await bench.take(signal);
  const call = { program: "/kselftest/none", arguments: [], limit: 1000 };
  await expect(machine.run(call, signal)).rejects.toThrow("Cannot start the test in the guest: ENOENT");
});
