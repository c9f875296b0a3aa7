import { stat } from "node:fs/promises";
import { findInitramfs } from "../assets/prepare-initramfs.ts";
import { failed, fine, missing, type Finding } from "./finding.ts";

/** The agent that a run would send in. */
export async function examineAgent(
  root: string,
  given: string | undefined,
  signal: AbortSignal,
): Promise<readonly Finding[]> {
  const remedy = "Run ci/setup, which builds it, or set ZHIL_AGENT= to one built for s390x";
  if (given !== undefined) {
    const there = await stat(given).then(
      (file) => file.isFile(),
      () => false,
    );
    return [there ? fine("agent", `given: ${given}`) : missing("agent", `"${given}" is not there`, remedy)];
  }
  try {
    const initramfs = await findInitramfs(root, signal);
    if (initramfs === null) return [missing("agent", "not built yet from this clone's sources", remedy)];
    return [fine("agent", initramfs.path)];
  } catch (error) {
    return [failed("agent", error, remedy)];
  }
}
