/** All of the kernel's own tests: everything that is no pass is explained, and every explanation is due. */
import { expect, it } from "vitest";
import { measureCapacity } from "../run/measure-capacity.ts";
import { defaultJobs } from "../run/schedule.ts";
import { collections } from "./collection.ts";
import { openTestBench } from "./emulated-test-bench.ts";
import { explanationsOf, readExplanations } from "./explanations.ts";
import { listCases, runKselftests } from "./run-kselftests.ts";

const signal = new AbortController().signal;
const collection = collections.iommu;

it.each([
  ["the lean kernel", null],
  ["one with transparent huge pages", "lean/kselftest"],
])("has nothing unexplained on %s", async (_, kernel) => {
  await using bench = await openTestBench({
    ...{ collection, kernel, qemu: null, source: null, report: () => undefined, signal },
  });
  const explanations = await readExplanations(collection.explanations);
  const cases = await listCases(bench, collection, signal);
  const jobs = defaultJobs(measureCapacity(), "clone");
  const quiet = { onStart: () => undefined, onEnd: () => undefined };
  const result = await runKselftests(cases, { collection, bench, explanations, jobs, signal, ...quiet });
  expect(result.missing).toEqual([]);
  const unexplained = result.records.filter(({ verdict }) => verdict !== "pass" && verdict !== "known");
  expect(unexplained.map((record) => [record.case, record.verdict, record.reason])).toEqual([]);
  expect(result.records.flatMap(({ stale }) => stale)).toEqual([]);
  const due = explanations.filter((each) =>
    cases.some(({ name }) => explanationsOf([each], name, bench.kernel.options).length > 0),
  );
  const seen = new Set(result.records.flatMap(({ known }) => known));
  expect(due.map(({ name }) => name).filter((name) => !seen.has(name))).toEqual([]);
});
