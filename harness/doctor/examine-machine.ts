import { resolve } from "node:path";
import { findCacheRoot } from "../assets/cache.ts";
import { readGiven } from "../assets/given.ts";
import { examineAgent } from "./examine-agent.ts";
import { examineCache } from "./examine-cache.ts";
import { examineHardware } from "./examine-hardware.ts";
import { examineKernel } from "./examine-kernel.ts";
import { examinePrograms } from "./examine-programs.ts";
import { examineQemu } from "./examine-qemu.ts";
import type { Finding } from "./finding.ts";

export type { Finding } from "./finding.ts";

/** Looks at this machine and at the cache, in the order things are needed; changes nothing and fetches nothing. */
export async function examineMachine(
  signal: AbortSignal = new AbortController().signal,
): Promise<readonly Finding[]> {
  const root = resolve(findCacheRoot());
  const given = readGiven();
  const parts = await Promise.all([
    examinePrograms(given, signal),
    examineQemu(root, given.qemu, signal),
    examineKernel(root, given.kernel, signal),
    examineAgent(root, given.agent, signal),
    examineCache(root, signal),
    examineHardware(),
  ]);
  return parts.flat();
}
