/** The evidence of one scenario: written as it happens, so that whatever ends a run, what was had is there. */
import { closeSync, mkdirSync, openSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Plan } from "../../src/plan/plan.ts";
import { SecretReplacer } from "../../src/trace/replace-secrets.ts";
import type { TraceHeader, TraceStep } from "../../src/trace/trace.ts";
import type { Judgement } from "../../src/verdict/judge.ts";
import { InfrastructureError } from "../errors/harness-error.ts";
import { formatPlan } from "./format-plan.ts";
import type { ScenarioRecord } from "./record.ts";

/** Names of the files in a scenario's folder. */
export const evidenceFiles = {
  record: "record.json",
  trace: "trace.ndjson",
  judgement: "judgement.json",
  operations: "operations.yaml",
  qemuCommand: "qemu-command",
  digests: "digests",
  console: "console.log",
  reproduce: "reproduce",
} as const;

/** A scenario's folder, open for writing. */
export class ScenarioFolder implements Disposable {
  readonly path: string;
  readonly #replacer = new SecretReplacer();
  #trace: number | null = null;

  private constructor(path: string) {
    this.path = path;
  }

  /**
   * Creates the folder of a scenario in a run's folder.
   * @throws {InfrastructureError} where it cannot be created
   */
  static create(runFolder: string, scenario: string): ScenarioFolder {
    const base = scenario.replace(/[^A-Za-z0-9._-]+/gu, "-").replace(/^\.+/u, "-");
    for (let attempt = 1; ; attempt++) {
      const path = join(runFolder, attempt === 1 ? base : `${base}-${attempt}`);
      try {
        mkdirSync(path);
        return new ScenarioFolder(path);
      } catch (cause) {
        if ((cause as NodeJS.ErrnoException).code === "EEXIST") continue;
        throw unwritable(path, cause);
      }
    }
  }

  /** Path of one of its files. */
  pathOf(file: keyof typeof evidenceFiles): string {
    return join(this.path, evidenceFiles[file]);
  }

  /** Writes what is about to be performed, readable without this project. */
  writePlan(plan: Plan): void {
    this.#write("operations", formatPlan(plan));
  }

  /** Writes how to start the machine by hand, where there is one. */
  writeQemuCommand(lines: readonly string[]): void {
    if (lines.length > 0) this.#write("qemuCommand", `${lines.join("\n")}\n`);
  }

  /** Writes digests, in the form that `sha256sum --check` reads. */
  writeDigests(images: readonly { readonly path: string; readonly digest: string }[]): void {
    const lines = images.map(({ path, digest }) => `${digest.replace(/^sha256:/u, "")}  ${path}\n`);
    if (lines.length > 0) this.#write("digests", lines.join(""));
  }

  /** Begins the trace; what must not leave this machine is replaced in it. */
  beginTrace(header: TraceHeader): void {
    this.#keep("trace", () => {
      this.#trace = openSync(this.pathOf("trace"), "wx");
    });
    this.#appendLine(this.#replacer.replaceInHeader(header));
  }

  /** Adds a step to the trace; it is in the file when this returns. */
  addStep(step: TraceStep): void {
    this.#appendLine(this.#replacer.replaceInStep(step));
  }

  /** Writes how each step was judged. */
  writeJudgement(judgement: Judgement): void {
    this.#write("judgement", `${JSON.stringify(judgement)}\n`);
  }

  /** Writes the verdict and the line that reproduces it. */
  writeRecord(record: ScenarioRecord): void {
    this.#write("reproduce", `${record.reproduce}\n`);
    this.#write("record", `${JSON.stringify(record, null, 2)}\n`);
  }

  /** Removes a file that is not worth keeping. */
  drop(file: keyof typeof evidenceFiles): void {
    rmSync(this.pathOf(file), { force: true });
  }

  /** Removes all of it: nothing came of the scenario. */
  remove(): void {
    this[Symbol.dispose]();
    rmSync(this.path, { recursive: true, force: true });
  }

  [Symbol.dispose](): void {
    if (this.#trace !== null) closeSync(this.#trace);
    this.#trace = null;
  }

  #appendLine(value: unknown): void {
    if (this.#trace === null) throw new Error("The trace has not begun");
    const trace = this.#trace;
    this.#keep("trace", () => {
      writeFileSync(trace, `${JSON.stringify(value)}\n`);
    });
  }

  #write(file: keyof typeof evidenceFiles, text: string): void {
    this.#keep(file, () => {
      // Whoever ends this process, and whatever fills the disk: half a record is worse than none.
      const part = `${this.pathOf(file)}.part`;
      try {
        writeFileSync(part, text);
        renameSync(part, this.pathOf(file));
      } catch (error) {
        rmSync(part, { force: true });
        throw error;
      }
    });
  }

  #keep(file: keyof typeof evidenceFiles, write: () => void): void {
    try {
      write();
    } catch (cause) {
      throw unwritable(this.pathOf(file), cause);
    }
  }
}

const unwritable = (path: string, cause: unknown): InfrastructureError =>
  new InfrastructureError({
    what: `Cannot write the evidence "${path}"`,
    remedy: "Make room there, or name another folder with --out",
    cause,
  });
