import { relative } from "node:path";
import type { ScenarioRecord } from "../evidence/record.ts";
import { describeSeconds } from "./describe-record.ts";
import { escapeLine } from "./escape.ts";
import { verdictShade } from "./paint.ts";
import type { Reporter, RunPlan } from "./reporter.ts";
import { shorten, type Screen } from "./screen.ts";

const verdictWidth = 5;
const widestName = 44;
/** Scenarios that make a pace. */
const enoughForPace = 3;

/** A line as a scenario ends, and on a terminal what runs meanwhile. */
export class LineReporter implements Reporter {
  readonly name = "lines";
  readonly #screen: Screen;
  readonly #running = new Set<string>();
  #plan: RunPlan = { scenarios: [], bench: "", jobs: 1, folder: "" };
  #ended = 0;
  readonly #isPassing: boolean;
  readonly #clock: () => number;
  readonly #counts = new Map<ScenarioRecord["verdict"], number>();
  #began = 0;

  /** `isPassing` says that the run's folder is gone when it is over; `clock` gives milliseconds. */
  constructor(screen: Screen, isPassing = false, clock: () => number = () => performance.now()) {
    this.#screen = screen;
    this.#isPassing = isPassing;
    this.#clock = clock;
  }

  begin(plan: RunPlan): void {
    this.#plan = plan;
    this.#began = this.#clock();
    const count = plan.scenarios.length;
    const atATime = plan.jobs > 1 && count > 1 ? `, ${Math.min(plan.jobs, count)} at a time` : "";
    this.#screen.print(`${count} scenario${count === 1 ? "" : "s"} on ${plan.bench}${atATime}`);
    if (!this.#isPassing)
      this.#screen.print(this.#screen.paint("faint", `evidence: ${relative(process.cwd(), plan.folder) || "."}`));
  }

  started(scenario: string): void {
    this.#running.add(scenario);
    this.#showStatus();
  }

  ended(record: ScenarioRecord): void {
    this.#running.delete(record.scenario);
    this.#ended += 1;
    this.#counts.set(record.verdict, (this.#counts.get(record.verdict) ?? 0) + 1);
    this.#screen.print(this.#line(record));
    this.#showStatus();
  }

  finish(): void {
    this.#screen.status(null);
  }

  #line(record: ScenarioRecord): string {
    const { paint, width } = this.#screen;
    const longest = Math.max(...this.#plan.scenarios.map((name) => name.length), 0);
    const nameWidth = Math.min(longest, widestName, Math.max(8, width - 20));
    const verdict = paint(verdictShade[record.verdict], record.verdict.padEnd(verdictWidth));
    const plain = `${shorten(record.scenario, nameWidth).padEnd(nameWidth)} ${describeSeconds(record.seconds).padStart(8)}`;
    const room = width - verdictWidth - 1 - plain.length - 2;
    const reason = record.reason === null ? "" : escapeLine(record.reason);
    // On a narrow terminal the reasons are left to the table.
    return `${verdict} ${plain}${reason === "" || room < 12 ? "" : `  ${shorten(reason, room)}`}`;
  }

  /** What there is to worry about; what went well is the rest. */
  #describeCounts(): readonly string[] {
    return (["fail", "error"] as const).flatMap((verdict) => {
      const count = this.#counts.get(verdict) ?? 0;
      return count === 0 ? [] : [`${count} ${verdict}`];
    });
  }

  /** How many end in a second, and how long the rest takes at that pace; nothing before there is a pace. */
  #describePace(): readonly string[] {
    const seconds = (this.#clock() - this.#began) / 1000;
    if (this.#ended < enoughForPace || seconds <= 0) return [];
    const left = Math.ceil(((this.#plan.scenarios.length - this.#ended) * seconds) / this.#ended);
    const spelled = left < 60 ? `${left} s` : `${Math.floor(left / 60)} min ${left % 60} s`;
    return [`${(this.#ended / seconds).toFixed(1)}/s`, `${spelled} left`];
  }

  #showStatus(): void {
    const total = this.#plan.scenarios.length;
    const running = [...this.#running].join(", ");
    const told = [...this.#describeCounts(), ...this.#describePace()].join(", ");
    this.#screen.status(
      running === "" ? null : `[${this.#ended}/${total}] ${told === "" ? "" : `${told}: `}${running}`,
    );
  }
}
