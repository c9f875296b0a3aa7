/** What takes long: a million messages, and minutes of conversations that go wrong. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, it } from "vitest";
import { fuzzServer } from "../testing/fuzz-server.ts";
import { VfioUserClient } from "../testing/vfio-user-client.ts";
import { ObservedFunction } from "./observed-function.ts";
import { defineFunction } from "./function-definition.ts";

const million = 1_000_000;
const mebibyte = 2 ** 20;

it("has no more memory after a million messages than after a hundred thousand", async () => {
  setFlagsFromString("--expose-gc");
  const collectGarbage = runInNewContext("gc") as () => void;
  const folder = await mkdtemp(join(tmpdir(), "zv-"));
  const path = join(folder, "f.sock");
  const definition = defineFunction({
    identity: { vendor: 1, device: 2, classCode: 0xff0000 },
    msix: { vectors: 1, bar: 0 },
  });
  const observed = await ObservedFunction.serve(definition, path);
  const client = await VfioUserClient.greet(path);
  const range = { address: 0x1000n, size: 0x1000n };
  const map = { argsz: 32, flags: 3, offset: 0n, ...range };
  const access = { offset: 4n, region: 7, count: 4 };
  const sizes: number[] = [];
  // Four messages a round: map, DMA, register, unmap; events are noted all the while, and nobody takes them.
  for (let round = 1; round <= million / 4; round++) {
    await client.ask("VFIO_USER_DMA_MAP", map);
    const dma = observed.dma.write(0x1000n, Buffer.alloc(64));
    client.reply(await client.next());
    await dma;
    await client.ask("VFIO_USER_REGION_READ", access);
    await client.ask("VFIO_USER_DMA_UNMAP", { argsz: 24, flags: 0, ...range });
    if (round !== million / 40 && round !== million / 4) continue;
    collectGarbage();
    sizes.push(process.memoryUsage().heapUsed + process.memoryUsage().external);
  }
  const [early = NaN, late = NaN] = sizes;
  expect((late - early) / mebibyte).toBeLessThan(2);
  expect(observed.takeEvents()).toMatchObject({ dropped: (3 * million) / 4 - 4096 });
  expect([observed.failure, observed.takeView()?.reach]).toEqual([null, []]);
  client.end();
  await observed[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

it("survives a minute of mutations", async () => {
  const seed = Number(process.env["ZHIL_FUZZ_SEED"] ?? Date.now() % 2 ** 32);
  const began = performance.now();
  const { conversations, ends } = await fuzzServer(seed, () => performance.now() - began < 60_000);
  expect({ seed, enough: conversations > 10_000, kinds: ends.size > 25 }).toEqual({
    seed,
    enough: true,
    kinds: true,
  });
});
