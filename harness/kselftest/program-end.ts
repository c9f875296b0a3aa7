/** What the agent says of a program that it ran (docs/agent-protocol.md, `run-program`): checked, and escaped. */
import * as z from "zod";
import { InfrastructureError } from "../errors/harness-error.ts";
import { escapeText } from "../report/escape.ts";

const valuesSchema = z.object({
  exit: z.int().min(0).max(255).optional(),
  signal: z.int().min(1).max(64).optional(),
  late: z.boolean(),
  output: z.string().max(128 * 1024),
  dropped: z.int().min(0),
});

/** How a program ended, out of an answer of the agent's. */
export const programEndSchema = z
  .object({ result: z.string(), values: z.unknown() })
  .transform(({ result, values }) => {
    if (result !== "OK") throw new InfrastructureError({ what: `Cannot start the test in the guest: ${result}` });
    const { exit = null, signal = null, late, output, dropped } = valuesSchema.parse(values);
    return { exit, signal, late, output: escapeText(output), dropped };
  });
