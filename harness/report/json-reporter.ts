import type { ScenarioRecord } from "../evidence/record.ts";
import { formatJsonLine } from "./json-line.ts";
import type { Reporter } from "./reporter.ts";
import type { Output } from "./screen.ts";

/** One record per line, as each scenario ends. */
export class JsonReporter implements Reporter {
  readonly name = "json";
  readonly #output: Output;

  constructor(output: Output) {
    this.#output = output;
  }

  ended(record: ScenarioRecord): void {
    this.#output.write(formatJsonLine(record));
  }
}
