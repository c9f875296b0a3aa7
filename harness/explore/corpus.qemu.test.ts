/** Exploring that is led by where it comes in a real kernel. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { planOfCast, type Cast } from "../../src/explore/cast.ts";
import { operationFields, type Operation, type OperationName } from "../../src/operation/operation.ts";
import type { Performed } from "../../src/target/target.ts";
import { prepareNamedKernel } from "../assets/prepare-assets.ts";
import type { Bench } from "../run/bench.ts";
import { openEmulatedBench } from "../run/emulated-bench.ts";
import { readLedger } from "../scenarios/read-ledger.ts";
import { temporaryFolder } from "../testing/scenario-files.ts";
import { countByFunction, readSymbols, type PlacedSymbol } from "./corpus-functions.ts";
import { minimiseCorpus } from "./corpus-min.ts";
import { CorpusSession, tracesPlaces } from "./corpus-session.ts";
import { explore } from "./explore.ts";

const { signal } = new AbortController();
const report = (): void => undefined;
const kernel = "lean/kcov";
/** The kernel may have to be built. */
const buildLimit = 900_000;

let bench: Bench;
let symbols: readonly PlacedSymbol[];
beforeAll(async () => {
  const { vmlinux } = await prepareNamedKernel({ kernel, report, signal });
  symbols = await readSymbols(vmlinux ?? "", signal);
  bench = await openEmulatedBench({ kernel, qemu: null, report, signal });
}, buildLimit);
afterAll(() => bench[Symbol.asyncDispose]());

const make = (op: OperationName, fields: object = {}): Operation =>
  ({ op, ...operationFields[op].parse(fields) }) as Operation;
const cast: Cast = { functions: { a: "nvme" }, buffers: { p: 1 }, kernelParameters: [], subjects: new Set() };
const functionsIn = ({ places = [] }: Performed): readonly string[] =>
  countByFunction(places, symbols).map(({ name }) => name);

it("says of each operation which places of the kernel it reached first, and of none before it is asked to", async () => {
  await using folder = await temporaryFolder();
  const plan = planOfCast("places", cast, bench.profile);
  await using started = await bench.createTarget(join(folder.path, "console")).start(plan, signal);
  const perform = (op: OperationName, fields: object): Promise<Performed> =>
    started.perform(make(op, fields), signal);
  expect((await perform("ioas-alloc", { ioas: "Z" })).places).toBeUndefined();
  expect(await started.tracePlaces?.(signal)).toBe(true);
  const first = await perform("ioas-alloc", { ioas: "A" });
  expect(functionsIn(first)).toContain("iommufd_ioas_alloc_ioctl");
  expect(functionsIn(first)).not.toContain("iommufd_ioas_map");
  expect((await perform("ioas-alloc", { ioas: "B" })).places).toBeUndefined();
  const map = await perform("ioas-map", { ioas: "A", iova: "0x100000000", buffer: "p" });
  expect(functionsIn(map)).toContain("iommufd_ioas_map");
  // The second time it fails, which is another way through the same function.
  const again = await perform("ioas-map", { ioas: "A", iova: "0x100000000", buffer: "p" });
  expect(again.observation.result).toBe("EEXIST");
  expect(again.places?.length).toBeGreaterThan(0);
  expect(again.places?.filter((place) => map.places?.includes(place))).toEqual([]);
});

it("traces nothing on a kernel that was not built for it", async () => {
  await using folder = await temporaryFolder();
  await using lean = await openEmulatedBench({ kernel: null, qemu: null, report, signal });
  expect([tracesPlaces(bench.profile), tracesPlaces(lean.profile)]).toEqual([true, false]);
  const plan = planOfCast("no-places", cast, lean.profile);
  await using started = await lean.createTarget(join(folder.path, "console")).start(plan, signal);
  expect(await started.tracePlaces?.(signal)).toBe(false);
  expect((await started.perform(make("ioas-alloc", { ioas: "A" }), signal)).places).toBeUndefined();
});

it("keeps what reaches something new, and in a smaller corpus what reaches all that", async () => {
  await using folder = await temporaryFolder();
  const runFolder = join(folder.path, "runs");
  await mkdir(runFolder);
  const corpus = join(folder.path, "corpus");
  const ledger = await readLedger();
  const play = async (seed: number): ReturnType<typeof explore> =>
    explore({
      ...{ bench, ledger, jobs: 2, seed, keep: false, runFolder, reproduce: () => "again", signal },
      ...{ findings: join(folder.path, "findings"), time: 8_000, length: 60, only: null, subjects: ["iommufd"] },
      ...{ untilFound: false, exports: false, effort: { limit: 2_000, tries: 1 }, onProgress: report },
      corpus: await CorpusSession.open(corpus, bench.profile),
    });
  const { reach } = await play(1);
  expect(reach?.reached).toBeGreaterThan(500);
  expect(reach?.kept).toBeGreaterThan(0);
  // What is known is no news the next time.
  expect((await play(2)).reach?.fresh).toBeLessThan((reach?.fresh ?? 0) / 2);
  const clones = { bench, ledger, folder: runFolder, signal };
  const { before, after, lost } = await minimiseCorpus({ ...clones, corpus, jobs: 2, onPlayed: report });
  expect(after.entries).toBeLessThanOrEqual(before.entries);
  expect(after.places).toBe(before.places - lost);
  expect(lost).toBeLessThan(before.places / 20);
}, 180_000);
