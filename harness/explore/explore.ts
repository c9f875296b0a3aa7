/** Exploring: sequence after sequence until the time is over, each finding confirmed, shrunk, kept and told. */
import { join } from "node:path";
import { mostTelling } from "../../src/explore/signature.ts";
import { makePlan } from "../../src/plan/make-plan.ts";
import { quirksOf } from "../../src/verdict/ledger.ts";
import { describeError } from "../errors/describe-error.ts";
import { HarnessError } from "../errors/harness-error.ts";
import { exportScenario } from "../export/export-scenario.ts";
import { describeExpected, describeObserved } from "../report/describe-record.ts";
import type { RunContext } from "../run/run-context.ts";
import { runScenario } from "../run/run-scenario.ts";
import { readScenario } from "../scenarios/read-scenarios.ts";
import { exploreSequence, possibleSubjects, type Clones, type Generation, type Tried } from "./clones.ts";
import type { Beginning, CorpusSession, Reach } from "./corpus-session.ts";
import { nameOf, readSignatures, writeFinding, writeRecord, type Finding } from "./findings.ts";
import type { Shown } from "./perform.ts";
import { shrinkFinding, type Effort } from "./shrink-finding.ts";

/** How is explored. */
export interface ExploreOptions extends RunContext, Omit<Generation, "goesOn" | "traces"> {
  /** Milliseconds. */
  readonly time: number;
  readonly jobs: number;
  readonly effort: Omit<Effort, "jobs">;
  /** Where findings are kept. */
  readonly findings: string;
  /** The number of the only sequence; all from 0 on where null. */
  readonly only: number | null;
  /** Ends with the first finding that was confirmed. */
  readonly untilFound: boolean;
  /** Led by where it comes in the kernel, on one that traces that; not where absent. */
  readonly corpus?: CorpusSession;
  /** What the only sequence begins from, by its name in the corpus; null where from nothing, and where absent. */
  readonly from?: string | null;
  /** Writes reproducers, too. */
  readonly exports: boolean;
  readonly onProgress: (progress: Progress) => void;
}

/** What is going on. */
export type Progress =
  | { readonly kind: "exploring"; readonly tally: Tally; readonly seconds: number }
  | { readonly kind: "shrinking"; readonly signature: string }
  | { readonly kind: "found"; readonly finding: Finding };

/** What was done. */
export interface Tally {
  readonly sequences: number;
  readonly operations: number;
  /** Seconds that exploring took, of all jobs together, without what findings took. */
  readonly busy: number;
  /** Clones at a time. */
  readonly jobs: number;
  /** Times that something was shown that was known already. */
  readonly repeated: number;
}

/** What came of exploring. */
export interface Explored {
  readonly tally: Tally;
  readonly findings: readonly Finding[];
  readonly seconds: number;
  readonly interrupted: boolean;
  /** Where it came in the kernel; null where that is not traced. */
  readonly reach: Reach | null;
}

/** So often in a row may a machine fail to come up. */
const failureLimit = 3;
const progressPause = 250;
/** So often is something looked into that is not seen again. */
const doubtLimit = 3;

/**
 * Explores until the time is over.
 * @throws {HarnessError} where machines do not come up, or findings cannot be kept
 */
export async function explore(options: ExploreOptions): Promise<Explored> {
  const begin = performance.now();
  const session = new Session(options, begin, await readSignatures(options.findings));
  const workers = Array.from({ length: session.tally.jobs }, () => session.work());
  const [failed] = (await Promise.allSettled(workers)).filter((each) => each.status === "rejected");
  if (failed !== undefined) throw failed.reason;
  const { tally, findings } = session;
  const seconds = (performance.now() - begin) / 1000;
  return { tally, findings, seconds, interrupted: options.signal.aborted, reach: options.corpus?.reach ?? null };
}

/** Where something that was shown came from: `--replay SEED:SEQUENCE@FROM`. */
type Origin = Pick<Finding, "sequence" | "from">;

/** What the workers share. */
class Session {
  readonly findings: Finding[] = [];
  readonly #options: ExploreOptions;
  readonly #begin: number;
  readonly #known: Set<string>;
  /** How often what was shown was not seen again, by its signature. */
  readonly #doubted = new Map<string, number>();
  readonly #clones: Clones;
  #next: number;
  #failures = 0;
  #ended = false;
  #told = 0;
  /** One finding is shrunk at a time, by all clones that there may be. */
  #turn: Promise<void> = Promise.resolve();
  #tally: Tally;

  constructor(options: ExploreOptions, begin: number, known: Set<string>) {
    this.#options = options;
    this.#begin = begin;
    this.#known = known;
    this.#next = options.only ?? 0;
    const jobs = options.only === null ? options.jobs : 1;
    this.#tally = { sequences: 0, operations: 0, busy: 0, repeated: 0, jobs };
    this.#clones = {
      ...{ bench: options.bench, ledger: options.ledger, folder: options.runFolder, signal: options.signal },
      onOperation: () => {
        this.#count({ operations: 1 });
      },
    };
  }

  get tally(): Tally {
    return this.#tally;
  }

  get #isOver(): boolean {
    const { signal, time, only } = this.#options;
    return this.#ended || signal.aborted || (only === null && performance.now() - this.#begin > time);
  }

  /** Plays one sequence after the other. */
  async work(): Promise<void> {
    const { only, seed, length, subjects, corpus } = this.#options;
    const traces = corpus !== undefined;
    const generation: Generation = { seed, length, subjects, traces, goesOn: () => !this.#isOver };
    while (!this.#isOver) {
      const number = this.#next;
      this.#next += 1;
      const begin = performance.now();
      const from = await this.#beginningOf(number);
      const tried = await this.#try(generation, number, from);
      this.#count({ sequences: 1, busy: (performance.now() - begin) / 1000 });
      const shown = tried?.shown ?? null;
      const origin = { sequence: number, from: from?.name ?? null };
      if (tried !== null) await corpus?.take(tried, { seed, ...origin });
      if (tried !== null && shown !== null) await this.#take(tried, shown, origin);
      if (only !== null) return;
    }
  }

  /** What the sequence of a number begins from; null where from nothing. */
  async #beginningOf(number: number): Promise<Beginning | null> {
    const { bench, seed, subjects, corpus, only, from = null } = this.#options;
    if (corpus === undefined) return null;
    if (only === null) return corpus.choose(seed, number, possibleSubjects(bench, subjects));
    return from === null ? null : corpus.find(from);
  }

  async #try(generation: Generation, number: number, from: Beginning | null): Promise<Tried | null> {
    try {
      const tried = await exploreSequence(this.#clones, generation, number, from?.sequence);
      this.#failures = 0;
      return tried;
    } catch (error) {
      if (this.#options.signal.aborted) return null;
      this.#failures += 1;
      if (error instanceof HarnessError && this.#failures < failureLimit) return null;
      this.#ended = true;
      throw error;
    }
  }

  /** Something was shown: it is looked into where nothing like it is known. */
  async #take(tried: Tried, shown: Shown, origin: Origin): Promise<void> {
    const seconds = (performance.now() - this.#begin) / 1000;
    if (this.#known.has(shown.signature)) {
      this.#count({ repeated: 1 });
      return;
    }
    this.#known.add(shown.signature);
    const turn = this.#turn.then(async () => {
      if (this.#ended || this.#options.signal.aborted) return;
      const finding = await this.#examine(tried, shown, { ...origin, seconds });
      if (finding === null) {
        this.#count({ repeated: 1 });
        return;
      }
      this.findings.push(finding);
      this.#options.onProgress({ kind: "found", finding });
      if (this.#options.untilFound && finding.verdict === "fail") this.#ended = true;
    });
    // Who comes next does so whatever became of this one.
    this.#turn = turn.catch(() => undefined);
    await turn;
  }

  async #examine(
    tried: Tried,
    shown: Shown,
    { sequence, from, seconds }: Origin & { readonly seconds: number },
  ): Promise<Finding | null> {
    const { bench, seed, findings, effort, jobs, onProgress } = this.#options;
    onProgress({ kind: "shrinking", signature: shown.signature });
    const begin = performance.now();
    const { onOperation: _, ...quiet } = this.#clones;
    const shrunk = await shrinkFinding(tried, quiet, { ...effort, jobs }, (signature) =>
      this.#isNew(signature, shown),
    );
    if (shrunk === null) return null;
    // Nobody saw it again: the next time that it shows is as good as the first.
    if (shrunk.shown === null) this.#doubt(shown.signature);
    const { signature, ...rest } = shrunk.shown ?? shown;
    const name = nameOf(signature);
    const what = describeShown(shrunk.sequence.operations.at(-1)?.op ?? "", { signature, ...rest });
    const file = await writeFinding(findings, { name, what }, shrunk.sequence, bench.profile);
    const verdict = shrunk.confirmed.shown === 0 ? null : await this.#judge(file);
    // It was shrunk to something that shows it when time is kind alone: another sequence may come to better.
    if (verdict !== null && verdict !== "fail") this.#doubt(signature);
    const finding: Finding = {
      ...{ finding: 1, name, what, seed, sequence, from, file, verdict },
      signature,
      operations: { found: tried.operations.length, shrunk: shrunk.sequence.operations.length },
      confirmed: shrunk.confirmed,
      clones: shrunk.clones,
      seconds: { found: seconds, shrunk: (performance.now() - begin) / 1000 },
      bench: bench.title,
      reproducer: verdict === "fail" ? await this.#export(file, name) : null,
    };
    await writeRecord(findings, finding);
    return finding;
  }

  /** Whether what was seen when it was confirmed is nothing that is known already; it is from now on. */
  #isNew(signature: string, first: Shown): boolean {
    if (signature === first.signature) return true;
    const isNew = !this.#known.has(signature);
    this.#known.add(signature);
    return isNew;
  }

  /** What was shown once is looked into again when it is shown again, a few times. */
  #doubt(signature: string): void {
    const times = (this.#doubted.get(signature) ?? 0) + 1;
    this.#doubted.set(signature, times);
    if (times < doubtLimit) this.#known.delete(signature);
  }

  /** What `zhil run` says of a scenario file; its evidence goes where that of any run does. */
  async #judge(file: string): Promise<Finding["verdict"]> {
    const scenario = await readScenario(file);
    return (await runScenario(scenario, this.#options)).verdict;
  }

  /** The reproducer of a scenario, or why there is none. */
  async #export(file: string, name: string): Promise<string | null> {
    const { bench, ledger, findings, exports } = this.#options;
    const [kernel, initramfs] = bench.images;
    if (!exports || kernel === undefined || initramfs === undefined) return null;
    const scenario = await readScenario(file);
    const plan = makePlan(scenario, bench.profile);
    const folder = join(findings, name);
    try {
      const quirks = quirksOf(ledger, plan.profile);
      const images = { kernel: kernel.path, initramfs: initramfs.path };
      await exportScenario({ plan, summary: scenario.summary, ...images, quirks }, folder);
      return folder;
    } catch (error) {
      if (!(error instanceof HarnessError)) throw error;
      return `none: ${describeError(error)[0] ?? ""}`;
    }
  }

  #count(more: Partial<Tally>): void {
    const { sequences, operations, busy, repeated, jobs } = this.#tally;
    this.#tally = {
      jobs,
      sequences: sequences + (more.sequences ?? 0),
      operations: operations + (more.operations ?? 0),
      busy: busy + (more.busy ?? 0),
      repeated: repeated + (more.repeated ?? 0),
    };
    const now = performance.now();
    if (now - this.#told < progressPause) return;
    this.#told = now;
    this.#options.onProgress({ kind: "exploring", tally: this.#tally, seconds: (now - this.#begin) / 1000 });
  }
}

/** What was shown, in a line. */
function describeShown(op: string, { differences, error }: Shown): string {
  const difference = mostTelling(differences);
  if (difference === undefined) return `${op} gives no answer: ${error ?? ""}`;
  const { path, expected, observed } = difference;
  return `${op}: ${path}: expected ${describeExpected(expected)}, observed ${describeObserved(observed)}`;
}
