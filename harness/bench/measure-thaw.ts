/** What it takes to come to a clone that answers, beside what any QEMU takes. */
import { ResourceScope } from "../lifecycle/resource-scope.ts";
import { createScratch } from "../lifecycle/scratch.ts";
import { countTurns, type BenchContext } from "./bench-context.ts";
import { prepareClones, type ThawClone } from "./clone-supply.ts";
import type { ThawMeasurement } from "./measurements.ts";
import { spawnIdle } from "./spawn-idle.ts";

/** Memory sizes in MiB that are compared. */
const sizes = [512, 4096];

/**
 * Spawns an idle QEMU and thaws a clone of each memory size, in turn, so that whatever else the host does befalls all alike.
 * @throws {HarnessError} where one of them does not come up
 */
export async function measureThaw(context: BenchContext): Promise<ThawMeasurement> {
  const { assets, counts, report, signal } = context;
  await using scratch = await createScratch();
  const thaws: { memoryMiB: number; samples: number[]; thaw: ThawClone }[] = [];
  for (const memoryMiB of sizes) {
    thaws.push({ memoryMiB, samples: [], thaw: await prepareClones(memoryMiB, scratch, context) });
  }
  const spawns: number[] = [];
  const turn = countTurns("spawns and thaws", counts.thaws + 1, report);
  // The first of each brings files into the host's memory, and is not counted.
  for (let index = 0; index <= counts.thaws; index++) {
    const spawn = await spawnIdle(assets.qemu, scratch, signal);
    if (index > 0) spawns.push(spawn);
    // Whatever a machine's end leaves the host to do befalls the next one: not always the same.
    for (const { samples, thaw } of index % 2 === 0 ? thaws : thaws.toReversed()) {
      const took = await timeThaw(thaw);
      if (index > 0) samples.push(took);
    }
    turn();
  }
  return { spawns, thaws: thaws.map(({ memoryMiB, samples }) => ({ memoryMiB, samples })) };
}

async function timeThaw(thaw: ThawClone): Promise<number> {
  await using scope = new ResourceScope();
  const began = performance.now();
  await thaw(scope);
  return performance.now() - began;
}
