/** Two scenarios in a guest on a host, one by each way to pass a function through. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { ScenarioRecord } from "../evidence/record.ts";
import { runPassedThrough } from "../testing/run-passed-through.ts";

/** Milliseconds: where the host's kernel, its root or the template are not there yet, they are made first. */
const limit = 1_500_000;

let folder: string;
const records = new Map<string, ScenarioRecord>();
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "zp-"));
  for (const backend of ["iommufd", "container"] as const) {
    const [record] = await runPassedThrough(backend, ["replace-populated-ioas"], folder);
    if (record !== undefined) records.set(backend, record);
  }
}, limit);
afterAll(() => rm(folder, { recursive: true, force: true }));

it.each(["iommufd", "container"])(
  "a replace in a guest with %s shows on its host, and DMA after it ends the guest",
  (backend) => {
    const { verdict, known, details } = records.get(backend) ?? {};
    expect({ verdict, details }).toEqual({ verdict: "known", details: [] });
    expect(known).toEqual(expect.arrayContaining(["shadow-by-rpcit", "error-stops-guest"]));
  },
);
