/** What DMA of a function of ours costs, through everything: our server, QEMU's client, its IOMMU, the guest's memory. */
import { operationFields, type Operation, type OperationName } from "../../src/operation/operation.ts";
import type { Plan } from "../../src/plan/plan.ts";
import type { FunctionProfile } from "../../src/trace/profile.ts";
import { pageBytes } from "../agent/pattern.ts";
import { InfrastructureError } from "../errors/harness-error.ts";
import { createScratch } from "../lifecycle/scratch.ts";
import { describeMachineOn } from "../run/emulated-bench.ts";
import { EmulatedTarget } from "../target/emulated.ts";
import type { Dma } from "../vfio-user/dma.ts";
import { defineFunction } from "../vfio-user/function-definition.ts";
import { countTurns, type BenchContext } from "./bench-context.ts";
import type { DmaMeasurement } from "./measurements.ts";

const fn: FunctionProfile = { name: "a", device: "witness", uid: 1, fid: 0x20 };
const iova = 0x1_0001_0000n;
/** What makes a function one that may do DMA to a page. */
const preparation: readonly (readonly [OperationName, object])[] = [
  ["bind", { function: "a" }],
  ["open", { function: "a" }],
  ["bind-iommufd", { function: "a" }],
  ["ioas-alloc", { ioas: "A" }],
  ["attach", { function: "a", to: "A" }],
  ["bus-master", { function: "a" }],
  ["ioas-map", { ioas: "A", iova: `0x${iova.toString(16)}`, buffer: "p" }],
];

/**
 * Has a function write a page of a guest again and again, each time after the answer to the last.
 * @throws {HarnessError} where its machine does not come up, or refuses it
 */
export async function measureDma({ assets, counts, report, signal }: BenchContext): Promise<DmaMeasurement> {
  await using scratch = await createScratch();
  const machine = await describeMachineOn(assets);
  let dma: Dma | null = null;
  const definition = defineFunction({
    identity: { vendor: 0x1b36, device: 0x00fd, classCode: 0xff0000 },
    msix: { vectors: 1, bar: 0 },
    onMap: (_, device) => {
      ({ dma } = device);
    },
  });
  const plan: Plan = {
    ...{ scenario: "dma", functions: [fn], buffers: [{ name: "p", pages: 1 }], steps: [] },
    profile: { ...machine.profile, functions: [fn] },
  };
  await using target = await new EmulatedTarget({
    ...{ ...machine, scratch, definitions: new Map([["a", definition]]) },
  }).start(plan, signal);
  for (const [op, fields] of preparation) {
    const { observation } = await target.perform({ op, ...operationFields[op].parse(fields) } as Operation, signal);
    if (observation.result !== "OK") throw new InfrastructureError({ what: `"${op}" gave ${observation.result}` });
  }
  const write = dma as Dma | null;
  if (write === null) throw new InfrastructureError({ what: "The function was told of no map" });
  const turn = countTurns("DMA of a function of ours", counts.dma.rounds + 1, report);
  const perSecond: number[] = [];
  const ownMicros: number[] = [];
  const page = new Uint8Array(pageBytes);
  // The first round is for Node to compile in, and is not counted.
  for (let round = 0; round <= counts.dma.rounds; round++) {
    const began = performance.now();
    const cpu = process.cpuUsage();
    for (let index = 0; index < counts.dma.each; index++) await write.write(iova, page);
    const { user, system } = process.cpuUsage(cpu);
    if (round > 0) {
      perSecond.push((counts.dma.each * 1000) / (performance.now() - began));
      ownMicros.push((user + system) / counts.dma.each);
    }
    signal.throwIfAborted();
    turn();
  }
  return { perSecond, ownMicros };
}
