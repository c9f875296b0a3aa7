/** The record of a benchmark: what `zhil bench --json` prints, and what its table is drawn from. */
import * as z from "zod";
import { verdicts } from "../evidence/record.ts";
import { parts } from "./measurements.ts";

const spread = z.strictObject({
  median: z.number(),
  p10: z.number(),
  p90: z.number(),
  n: z.int().describe("How many samples"),
});

const program = z.strictObject({ version: z.string(), digest: z.string() });

/** A figure's shape. */
export const figureSchema = z.strictObject({
  figure: z.string().describe("Its name, the same in every record"),
  part: z.enum(parts),
  what: z.string().describe("In words"),
  unit: z.enum(["ms", "s", "MiB", "%", "count", "/s"]),
  value: z.number().nullable().describe("The median where there are samples; null where it could not be measured"),
  spread: spread.nullable(),
  baseline: z
    .strictObject({ what: z.string(), value: z.number() })
    .nullable()
    .describe("What it is compared with, in the same unit and from the same run"),
  ratio: z.number().nullable().describe("How it compares with the baseline, the way round that the bar means"),
  bar: z
    .strictObject({
      relation: z.enum(["at most", "at least", "below"]),
      limit: z.number(),
      of: z.enum(["ratio", "value"]),
    })
    .nullable(),
  state: z
    .enum(["met", "missed", "unmeasured", "shown"])
    .describe("shown: there is no bar, and the figure tells how to read another one"),
  note: z.string().nullable().describe("Why it could not be measured, or what to know about it"),
});

/** A figure. */
export type Figure = z.output<typeof figureSchema>;

const slice = z.strictObject({ name: z.string(), milliseconds: z.number() });

/** A breakdown's shape. */
export const breakdownSchema = z.strictObject({
  what: z.string(),
  phases: z
    .array(slice.extend({ inside: z.array(slice).describe("What it consists of, as far as known") }))
    .describe("Medians by phase, in order"),
});

/** Where the time of a scenario goes. */
export type Breakdown = z.output<typeof breakdownSchema>;

/** The record's shape. */
export const benchmarkSchema = z.strictObject({
  benchmark: z.literal(1).describe("Version of this shape"),
  recorder: z.string().describe("Version of zpci-hil"),
  started: z.iso.datetime(),
  seconds: z.number(),
  quick: z.boolean().describe("Whether fewer samples were taken than bars are set for"),
  host: z.strictObject({
    cpu: z.string(),
    cores: z.int(),
    memoryMiB: z.int(),
    kernel: z.string(),
    node: z.string(),
    accelerator: z.string().describe("What executes guests"),
    load: z.number().describe("Load of one minute before the benchmark began: above 0.5 others were at work"),
  }),
  kernel: program,
  qemu: program,
  debian: z.string().describe("Name of Debian's kernel that was asked for"),
  figures: z.array(figureSchema),
  breakdowns: z.array(breakdownSchema),
  runs: z.array(
    z.strictObject({
      scenarios: z.int(),
      jobs: z.int(),
      seconds: z.number(),
      intervals: spread.describe("Milliseconds from one end to the next"),
      verdicts: z.partialRecord(z.enum(verdicts), z.int()),
      orphans: z.int(),
      cpu: z.strictObject({ own: z.number(), children: z.number() }).describe("Seconds"),
      memory: z.array(z.strictObject({ after: z.int(), bytes: z.int() })),
      collected: z.boolean(),
    }),
  ),
  evidence: z.string().nullable().describe("Folder of the runs' evidence where it was to be kept"),
});

/** The record of a benchmark. */
export type BenchmarkRecord = z.output<typeof benchmarkSchema>;
