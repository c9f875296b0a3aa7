import { renameSync, writeFileSync } from "node:fs";
import { InfrastructureError } from "../errors/harness-error.ts";
import { formatJunit } from "./junit.ts";
import type { Reporter, RunResult } from "./reporter.ts";

/**
 * Writes a JUnit file when the run ends. From the start on the file says that the run did not end, so that whatever
 * stops a run, no report of an earlier one is taken for its own.
 */
export class JunitReporter implements Reporter {
  readonly name = "junit";
  readonly #file: string;

  /** @throws {InfrastructureError} where the file cannot be written */
  constructor(file: string) {
    this.#file = file;
    this.#write(formatJunit({ records: [], missing: ["the run did not end"], seconds: 0 }));
  }

  finish(result: RunResult): void {
    this.#write(formatJunit(result));
  }

  #write(text: string): void {
    const aside = `${this.#file}.${process.pid}`;
    try {
      writeFileSync(aside, `${text}\n`);
      renameSync(aside, this.#file);
    } catch (cause) {
      throw new InfrastructureError({ what: `Cannot write the JUnit report "${this.#file}"`, cause });
    }
  }
}
