/** What an idle clone costs in memory. */
import { ResourceScope } from "../lifecycle/resource-scope.ts";
import { createScratch } from "../lifecycle/scratch.ts";
import type { BenchContext } from "./bench-context.ts";
import { prepareClones } from "./clone-supply.ts";
import type { MemoryMeasurement } from "./measurements.ts";
import { readPrivateBytes } from "./processes.ts";

/**
 * Thaws some clones, which all stay, and looks at each: pages of QEMU's program and of the template count for nobody only
 * where there are at least two to share them.
 * @throws {HarnessError} where one does not come up
 */
export async function measureMemory(context: BenchContext): Promise<MemoryMeasurement> {
  await using scratch = await createScratch();
  const thaw = await prepareClones(512, scratch, context);
  context.report({ kind: "step", text: `${context.counts.idle} idle clones side by side` });
  await using scope = new ResourceScope();
  const pids: number[] = [];
  for (let index = 0; index < context.counts.idle; index++) pids.push((await thaw(scope)).machine.pid);
  return { privateMiB: pids.map((pid) => readPrivateBytes(pid) / 2 ** 20) };
}
