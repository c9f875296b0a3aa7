import { relative } from "node:path";
import type { ScenarioRecord } from "../evidence/record.ts";
import { describeSeconds } from "./describe-record.ts";
import { escapeLine } from "./escape.ts";
import { verdictShade } from "./paint.ts";
import type { Reporter, RunPlan } from "./reporter.ts";
import { shorten, type Screen } from "./screen.ts";

const verdictWidth = 5;
const widestName = 44;

/** A line as a scenario ends, and on a terminal what runs meanwhile. */
export class LineReporter implements Reporter {
  readonly name = "lines";
  readonly #screen: Screen;
  readonly #running = new Set<string>();
  #plan: RunPlan = { scenarios: [], bench: "", jobs: 1, folder: "" };
  #ended = 0;

  constructor(screen: Screen) {
    this.#screen = screen;
  }

  begin(plan: RunPlan): void {
    this.#plan = plan;
    const count = plan.scenarios.length;
    const atATime = plan.jobs > 1 && count > 1 ? `, ${Math.min(plan.jobs, count)} at a time` : "";
    this.#screen.print(`${count} scenario${count === 1 ? "" : "s"} on ${plan.bench}${atATime}`);
    this.#screen.print(this.#screen.paint("faint", `evidence: ${relative(process.cwd(), plan.folder) || "."}`));
  }

  started(scenario: string): void {
    this.#running.add(scenario);
    this.#showStatus();
  }

  ended(record: ScenarioRecord): void {
    this.#running.delete(record.scenario);
    this.#ended += 1;
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

  #showStatus(): void {
    const total = this.#plan.scenarios.length;
    const running = [...this.#running].join(", ");
    this.#screen.status(running === "" ? null : `[${this.#ended}/${total}] ${running}`);
  }
}
