import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Plan } from "../../src/plan/plan.ts";
import type { Profile } from "../../src/trace/profile.ts";
import { replacedKinds } from "../../src/trace/replace-secrets.ts";
import { traceVersion, type TraceHeader } from "../../src/trace/trace.ts";
import { projectRoot } from "../assets/project-root.ts";

/** Version of this project, as package.json has it; traces and records name it. */
export const recorder: string = readVersion();

/** The header of a plan's trace, recorded on a profile. */
export const makeHeader = ({ scenario, buffers }: Plan, profile: Profile): TraceHeader => ({
  trace: traceVersion,
  scenario,
  profile,
  buffers,
  replaced: replacedKinds,
  recorder,
});

function readVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(join(projectRoot, "package.json"), "utf8"));
  const { version } = manifest as { readonly version?: unknown };
  return typeof version === "string" ? version : "unknown";
}
