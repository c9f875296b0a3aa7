import { readFileSync } from "node:fs";
import { join } from "node:path";
import { projectRoot } from "../assets/project-root.ts";

/** Version of this project, as package.json has it; traces and records name it. */
export const recorder: string = readVersion();

function readVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(join(projectRoot, "package.json"), "utf8"));
  const { version } = manifest as { readonly version?: unknown };
  return typeof version === "string" ? version : "unknown";
}
