/** Evidence folders, read again. */
import { existsSync } from "node:fs";
import { open, readdir, readFile, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { parse } from "yaml";
import { readTrace, TraceError, type PlanBeside } from "../../src/trace/migrate.ts";
import type { Trace, TraceHeader, TraceStep } from "../../src/trace/trace.ts";
import type { Judgement } from "../../src/verdict/judge.ts";
import { UsageError } from "../errors/harness-error.ts";
import { recordSchema, type ScenarioRecord } from "./record.ts";
import { evidenceFiles } from "./scenario-folder.ts";

/** What a scenario's folder holds; a run that was killed leaves some of it out. */
export interface ScenarioEvidence {
  readonly folder: string;
  readonly record: ScenarioRecord | null;
  readonly header: TraceHeader | null;
  readonly steps: readonly TraceStep[];
  readonly judgement: Judgement | null;
  /** Last lines of the guest's console, null where it was not kept. */
  readonly consoleTail: string | null;
}

/** Bytes of a console that are read. */
const tailBytes = 4096;
/** Most bytes of any other file: evidence of ours is far below. */
const sizeLimit = 256 * 1024 * 1024;

/** The folders of scenarios in a run's folder, in order of names; the folder itself where it is a scenario's. */
export async function findScenarioFolders(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((cause: unknown) => {
    throw new UsageError({
      what: `Cannot read the folder "${folder}"`,
      remedy: "Name the folder of a run or of one of its scenarios, such as zhil-runs/latest",
      cause,
    });
  });
  if (isScenarioFolder(folder)) return [folder];
  const inside = entries.map((entry) => join(folder, entry.name)).filter(isScenarioFolder);
  if (inside.length === 0)
    throw new UsageError({ what: `No evidence in "${folder}": it holds no record and no trace` });
  return inside.sort();
}

const isScenarioFolder = (folder: string): boolean =>
  [evidenceFiles.record, evidenceFiles.trace, evidenceFiles.operations].some((file) =>
    existsSync(join(folder, file)),
  );

/**
 * Reads the evidence of one scenario.
 * @throws {UsageError} where a file is not what it should be, or was written by a newer version
 */
export async function readEvidence(folder: string): Promise<ScenarioEvidence> {
  const trace = await readTraceOf(folder);
  const judgementText = await readIfThere(join(folder, evidenceFiles.judgement));
  return {
    folder,
    record: await readRecord(folder),
    header: trace?.header ?? null,
    steps: trace?.steps ?? [],
    judgement: judgementText === null ? null : (parseJson(judgementText, evidenceFiles.judgement) as Judgement),
    consoleTail: await readTail(join(folder, evidenceFiles.console)),
  };
}

/**
 * Reads the record in a scenario's folder; null where there is none.
 * @throws {UsageError} where it is not what it should be
 */
export async function readRecord(folder: string): Promise<ScenarioRecord | null> {
  const file = join(folder, evidenceFiles.record);
  const text = await readIfThere(file);
  return text === null ? null : parseRecord(text, file);
}

/** The trace in a scenario's folder; null where there is none. */
async function readTraceOf(folder: string): Promise<Trace | null> {
  const text = await readIfThere(join(folder, evidenceFiles.trace));
  return text === null ? null : parseTrace(text, join(folder, evidenceFiles.trace));
}

/**
 * Reads a trace of any version that there was. One of the first version needs the plan that lies beside it.
 * @throws {UsageError} where it is none, or was written by a newer version
 */
export async function parseTrace(text: string, file: string): Promise<Trace | null> {
  // What follows the last line end was cut off while being written.
  const lines = text.split("\n").slice(0, -1);
  const values = lines.map((line, index) => parseJson(line, `${file}, line ${index + 1}`));
  if (values.length === 0) return null;
  const isFirst = (values[0] as { trace?: unknown } | null)?.trace === 1;
  const operations = isFirst ? await readIfThere(join(dirname(file), evidenceFiles.operations)) : null;
  try {
    return readTrace(values, operations === null ? null : readPlan(operations));
  } catch (error) {
    if (!(error instanceof TraceError)) throw error;
    throw new UsageError({ what: `Cannot read the trace "${file}": ${error.message}` });
  }
}

function readPlan(operations: string): PlanBeside {
  const { buffers, steps } = parse(operations) as {
    readonly buffers?: PlanBeside["buffers"];
    readonly steps?: readonly { readonly note?: string }[];
  };
  return { buffers: buffers ?? [], notes: steps?.map(({ note }) => note ?? null) ?? [] };
}

function parseRecord(text: string, file: string): ScenarioRecord {
  const parsed = recordSchema.safeParse(parseJson(text, file));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new UsageError({
    what: `Cannot read the record "${file}": ${issue?.path.join(".") ?? ""}: ${issue?.message ?? ""}`,
  });
}

function parseJson(text: string, where: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new UsageError({ what: `Cannot read the evidence "${where}": not JSON`, cause });
  }
}

async function readIfThere(file: string): Promise<string | null> {
  if (!existsSync(file)) return null;
  const { size } = await stat(file);
  if (size > sizeLimit) throw new UsageError({ what: `Cannot read the evidence "${file}": it has ${size} bytes` });
  return readFile(file, "utf8");
}

async function readTail(path: string): Promise<string | null> {
  if (!existsSync(path)) return null;
  const file = await open(path, "r");
  try {
    const { size } = await file.stat();
    const length = Math.min(size, tailBytes);
    const { buffer } = await file.read(Buffer.alloc(length), 0, length, size - length);
    return buffer.toString("utf8");
  } finally {
    await file.close();
  }
}
