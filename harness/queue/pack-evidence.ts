/** The evidence of a scenario on its way from the worker that had it to the night that wants it. */
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import * as z from "zod";
import { InfrastructureError } from "../errors/harness-error.ts";
import { recordSchema, type ScenarioRecord } from "../evidence/record.ts";
import { evidenceFiles } from "../evidence/scenario-folder.ts";

/** Bytes of a file beyond which it stays where it is: the queue is in somebody's memory. */
const fileLimit = 8 * 2 ** 20;
/** Bytes of all that comes with a result. */
const resultLimit = 128 * 2 ** 20;

const packedSchema = z.strictObject({
  record: recordSchema,
  /** Contents by name, in Base64. */
  files: z.record(z.string().regex(/^[\w-][\w.-]{0,100}$/u), z.base64()),
});

/** Packs a scenario's evidence. What is too large to be sent is named in the record. */
export function packEvidence(record: ScenarioRecord): Buffer {
  const { record: recordFile } = evidenceFiles;
  const names = readdirSync(record.evidence).filter((name) => name !== recordFile);
  const found = names.map((name) => ({ name, size: statSync(join(record.evidence, name)).size }));
  const sent = found.filter(({ size }) => size <= fileLimit);
  const caveats = found
    .filter(({ size }) => size > fileLimit)
    .map(({ name, size }) => `${name} has ${size} bytes and was left with the worker`);
  const files = Object.fromEntries(
    sent.map(({ name }) => [name, readFileSync(join(record.evidence, name)).toString("base64")]),
  );
  return gzipSync(JSON.stringify({ record: { ...record, caveats: [...record.caveats, ...caveats] }, files }));
}

/**
 * Writes what was packed into a folder of a run; its record last, so that half of it is none.
 * @throws {InfrastructureError} where it is not what a worker packs, or cannot be written
 */
export function unpackEvidence(packed: Buffer, scenario: string, runFolder: string): ScenarioRecord {
  const { record: sent, files } = readPacked(packed, scenario);
  const evidence = join(runFolder, scenario.replace(/[^A-Za-z0-9._-]+/gu, "-").replace(/^\.+/u, "-"));
  const trace = Object.hasOwn(files, evidenceFiles.trace) ? join(evidence, evidenceFiles.trace) : null;
  const record = { ...sent, evidence, trace };
  try {
    // What a call that was ended left of it.
    rmSync(evidence, { recursive: true, force: true });
    mkdirSync(evidence);
    for (const [name, content] of Object.entries(files)) {
      if (name !== evidenceFiles.record) writeFileSync(join(evidence, name), Buffer.from(content, "base64"));
    }
    const part = join(evidence, `${evidenceFiles.record}.part`);
    writeFileSync(part, `${JSON.stringify(record, null, 2)}\n`);
    renameSync(part, join(evidence, evidenceFiles.record));
  } catch (cause) {
    throw new InfrastructureError({
      what: `Cannot write the evidence "${evidence}"`,
      remedy: "Make room there, or name another folder with --out",
      cause,
    });
  }
  return record;
}

function readPacked(packed: Buffer, scenario: string): z.output<typeof packedSchema> {
  try {
    const read = packedSchema.parse(JSON.parse(gunzipSync(packed, { maxOutputLength: resultLimit }).toString()));
    if (read.record.scenario === scenario) return read;
    throw new RangeError(`it is of "${read.record.scenario}"`);
  } catch (cause) {
    throw new InfrastructureError({
      what: `Cannot read the result of "${scenario}" out of the queue`,
      remedy: "Workers and night have to be of the same version of this project",
      cause,
    });
  }
}
