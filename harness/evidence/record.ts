/** The record of one scenario's verdict: what `record.json` holds, `--json` prints and every reporter draws from. */
import * as z from "zod";

/** Version of the record's shape; it changes when a field is removed or changes its meaning. */
export const recordVersion = 1;

const component = z.strictObject({
  version: z.string().describe("As the program itself reports it"),
  digest: z.string().describe('"sha256:…" of the image, "none" where nothing ran'),
});

/** The record's shape; `docs/evidence.md` shows one. */
export const recordSchema = z.strictObject({
  record: z.literal(recordVersion).describe("Version of this shape"),
  scenario: z.string().describe("The scenario's name"),
  summary: z.string().describe("What it decides"),
  tags: z.array(z.string()),
  seeds: z.array(z.string()).describe("Seed documents whose claim it decides"),
  file: z.string().describe("File it was read from"),
  verdict: z
    .enum(["pass", "fail", "known", "skip", "error"])
    .describe(
      "pass: as the contract says; known: deviates exactly as a ledger entry says; fail: neither; " +
        "skip: could not run here; error: no answer was had",
    ),
  reason: z.string().nullable().describe("Why the verdict is not a pass, in one line"),
  details: z.array(z.string()).describe("More lines on an error: causes and remedy"),
  differences: z
    .array(
      z.strictObject({
        step: z.int().describe("1-based"),
        operation: z.string(),
        verdict: z.enum(["fail", "known", "stale"]),
        path: z.string().describe("Where in the observation"),
        expected: z.unknown().describe("A value, or a pattern that allows several"),
        observed: z.unknown().optional().describe("Absent where nothing was there"),
      }),
    )
    .describe("What differed, of steps that failed and of steps that are known"),
  known: z.array(z.string()).describe("Ledger entries that explain what deviated"),
  stale: z.array(z.string()).describe("Ledger entries that were due and did not show: perhaps fixed"),
  caveats: z
    .array(z.string())
    .describe("What limits the judgement, such as versions newer than the model's, or a kernel that was shared"),
  steps: z.strictObject({ planned: z.int(), performed: z.int() }),
  started: z.iso.datetime().describe("UTC"),
  seconds: z
    .number()
    .describe("From its turn, for which its machine may have been ready, until after the machine's end"),
  phases: z
    .record(z.string(), z.number())
    .describe("Milliseconds by phase; those before its turn are not part of its seconds"),
  profile: z
    .strictObject({
      bench: z.string(),
      kernel: component.extend({ patches: z.array(z.string()) }),
      qemu: component,
    })
    .describe("What it ran on; the trace's header has all of it"),
  evidence: z.string().describe("Folder of the evidence, absolute"),
  trace: z.string().nullable().describe("The trace, absolute; null where no operation was performed"),
  reproduce: z.string().describe("Command line that runs it again"),
});

/** The record of one scenario's verdict. */
export type ScenarioRecord = z.output<typeof recordSchema>;

/** The verdict of a scenario. */
export type Verdict = ScenarioRecord["verdict"];

/** Every verdict, in the order tables count them. */
export const verdicts: readonly Verdict[] = ["pass", "fail", "known", "skip", "error"];
