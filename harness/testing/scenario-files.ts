/** Scenario files for tests, in a folder of their own. */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

/** A folder that is gone when disposed. */
export interface TemporaryFolder extends AsyncDisposable {
  readonly path: string;
}

/** Creates a folder with files in it. */
export async function temporaryFolder(files: Readonly<Record<string, string>> = {}): Promise<TemporaryFolder> {
  const path = await mkdtemp(join(tmpdir(), "zpci-test-"));
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(path, name)), { recursive: true });
    await writeFile(join(path, name), text);
  }
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

/** Text of a short scenario that any bench can run. */
export function scenarioText(
  name: string,
  { tags = ["life"], seeds = [] as string[], requires = [] as string[] } = {},
): string {
  return [
    `name: ${name}`,
    "summary: A function is bound to vfio-pci and let go again",
    `tags: ${JSON.stringify(tags)}`,
    `seeds: ${JSON.stringify(seeds)}`,
    `requires: ${JSON.stringify(requires)}`,
    "functions: { a: virtio-rng }",
    "steps:",
    "  - bind: { function: a }",
    "  - open: { function: a }",
    "  - close: { function: a }",
    "    note: Nothing is left",
    "",
  ].join("\n");
}

/** A scenario whose last step deviates on a machine with the quirk `shadow-by-rpcit`. */
export const quirkyScenarioText = `name: quirky
summary: After a replace by an IOAS with mappings, DMA lands in the page of the new one
tags: [replace]
functions: { a: nvme }
buffers: { p: 1, q: 1 }
steps:
  - take-iommufd: { function: a }
  - ioas-alloc: { ioas: A }
  - ioas-alloc: { ioas: B }
  - attach: { function: a, to: A }
  - start-nvme: { function: a, ioas: A }
  - ioas-map: { ioas: B, iova: base, buffer: a.queues }
  - ioas-map: { ioas: B, iova: base+0x10000, buffer: q }
  - replace: { function: a, to: B }
  - dma-write: { function: a, iova: base+0x10000, block: 2 }
`;
