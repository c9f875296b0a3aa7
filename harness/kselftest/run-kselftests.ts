/** Runs cases, each on a machine of its own: what befalls one befalls no other. */
import { describeError } from "../errors/describe-error.ts";
import { InfrastructureError, UsageError } from "../errors/harness-error.ts";
import { quoteForShell } from "../qemu/quote-for-shell.ts";
import { globToRegExp } from "../scenarios/select-scenarios.ts";
import { parseCaseList, type TestCase } from "./case-list.ts";
import type { CaseRecord } from "./case-record.ts";
import { guestFolder, type Collection } from "./collection.ts";
import type { Explanation } from "./explanations.ts";
import { judgeCase } from "./judge-case.ts";
import type { TestBench } from "./test-machine.ts";

/** What a run of tests needs. */
export interface TestRunOptions {
  readonly collection: Collection;
  readonly bench: TestBench;
  readonly explanations: readonly Explanation[];
  /** Cases at a time. */
  readonly jobs: number;
  readonly onStart: (name: string) => void;
  readonly onEnd: (record: CaseRecord) => void;
  readonly signal: AbortSignal;
}

/** How a run ended. */
export interface TestRunResult {
  /** In the order the cases ended. */
  readonly records: readonly CaseRecord[];
  /** Names of cases that were not decided. */
  readonly missing: readonly string[];
  readonly interrupted: boolean;
  readonly seconds: number;
}

const listLimit = 30_000;

/**
 * The cases of a collection, as its programs list them.
 * @throws {HarnessError} where a program cannot be run, or lists none
 */
export async function listCases(
  bench: TestBench,
  collection: Collection,
  signal: AbortSignal,
): Promise<readonly TestCase[]> {
  await using machine = await bench.take(signal);
  const cases: TestCase[] = [];
  for (const program of collection.programs) {
    const call = { program: `/${guestFolder}/${program}`, arguments: ["-l"], limit: listLimit };
    const end = await machine.run(call, signal);
    if (end.kind !== "ended") {
      throw new InfrastructureError({ what: `Cannot list the tests of "${program}": ${end.kind}` });
    }
    cases.push(...parseCaseList(program, end.output));
  }
  return cases;
}

/**
 * Those of the cases that are asked for by name or glob; all where none is.
 * @throws {UsageError} for one that matches nothing
 */
export function selectCases(cases: readonly TestCase[], patterns: readonly string[]): readonly TestCase[] {
  if (patterns.length === 0) return cases;
  const matchers = patterns.map(globToRegExp);
  for (const [index, matcher] of matchers.entries()) {
    if (cases.some(({ name }) => matcher.test(name))) continue;
    throw new UsageError({
      what: `No case matches "${patterns[index] ?? ""}"`,
      remedy: "--list shows what there is",
    });
  }
  return cases.filter(({ name }) => matchers.some((matcher) => matcher.test(name)));
}

/** Runs cases. An abort ends what runs; what was decided before is kept. */
export async function runKselftests(cases: readonly TestCase[], options: TestRunOptions): Promise<TestRunResult> {
  const began = performance.now();
  const waiting = [...cases];
  const records: CaseRecord[] = [];
  const work = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      if (options.signal.aborted) return;
      options.onStart(next.name);
      const record = await runCase(next, options);
      if (record === null) return;
      records.push(record);
      options.onEnd(record);
    }
  };
  await Promise.all(Array.from({ length: Math.min(options.jobs, cases.length) }, work));
  const decided = new Set(records.map((record) => record.case));
  return {
    records,
    missing: cases.map(({ name }) => name).filter((name) => !decided.has(name)),
    interrupted: options.signal.aborted,
    seconds: (performance.now() - began) / 1000,
  };
}

/** Null where it was called off. */
async function runCase({ name, program }: TestCase, options: TestRunOptions): Promise<CaseRecord | null> {
  const { bench, collection, explanations, signal } = options;
  const began = performance.now();
  const limit = collection.caseLimit;
  let judgement: ReturnType<typeof judgeCase>;
  try {
    await using machine = await bench.take(signal);
    const call = { program: `/${guestFolder}/${program}`, arguments: ["-r", name], limit };
    const end = await machine.run(call, signal);
    judgement = judgeCase({ name, end, explanations, options: bench.kernel.options, limit: limit / 1000 });
  } catch (error) {
    if (signal.aborted) return null;
    const [reason = "", ...diagnosis] = describeError(error);
    judgement = { verdict: "error", reason, known: [], stale: [], diagnosis, alarms: [], console: null };
  }
  return {
    record: 1,
    ...{ case: name, program },
    ...judgement,
    seconds: (performance.now() - began) / 1000,
    kernel: { version: bench.kernel.version, digest: bench.kernel.digest },
    qemu: bench.qemu,
    reproduce: quoteForShell(["zhil", "kselftest", collection.name, "--case", name, ...bench.options]),
  };
}
