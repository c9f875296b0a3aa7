import { expect, it, vi } from "vitest";
import { ClosedError } from "../errors/harness-error.ts";
import type { Dma } from "./dma.ts";
import { DmaRefused } from "./dma.ts";
import { ErrorReply } from "./protocol-error.ts";
import { Storm } from "./storm.ts";

/** DMA whose answers the test gives. */
function makeDma() {
  const asked: { readonly iova: bigint; readonly resolve: () => void; readonly reject: (error: Error) => void }[] =
    [];
  const dma: Dma = {
    read: () => Promise.reject(new Error("No storm reads")),
    write: (iova) =>
      new Promise((resolve, reject) => {
        asked.push({ iova, resolve, reject });
      }),
  };
  return { dma, asked };
}

const order = { iova: 0x1000n, pages: 3, bytes: new Uint8Array(4096), rate: 1000 };

it("goes around its pages, and a round is every page once more", async () => {
  const { dma, asked } = makeDma();
  const storm = new Storm(dma, order);
  await vi.waitFor(() => {
    expect(asked.length).toBeGreaterThan(4);
  });
  expect(asked.slice(0, 4).map(({ iova }) => iova)).toEqual([0x1000n, 0x2000n, 0x3000n, 0x1000n]);
  const before = asked.length;
  let isRound = false;
  const round = storm.round().then(() => (isRound = true));
  for (let index = 0; index < before + 2; index++) {
    await vi.waitFor(() => {
      expect(asked.length).toBeGreaterThan(index);
    });
    asked[index]!.resolve();
  }
  await new Promise(setImmediate);
  expect(isRound).toBe(false);
  await vi.waitFor(() => {
    expect(asked.length).toBeGreaterThan(before + 2);
  });
  asked[before + 2]!.resolve();
  await round;
  const stopping = storm.stop();
  for (const { resolve } of asked.slice(before + 3)) resolve();
  expect(await stopping).toEqual({ done: asked.length, refused: 0 });
});

it("counts what was refused, and buries no client that does not answer", async () => {
  const { dma, asked } = makeDma();
  const storm = new Storm(dma, { ...order, rate: 10_000 });
  await vi.waitFor(() => {
    expect(asked.length).toBe(64);
  });
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(asked.length).toBe(64);
  const stopping = storm.stop();
  for (const { resolve } of asked.slice(2)) resolve();
  for (const { reject } of asked.slice(0, 2)) reject(new DmaRefused("write", 0n, new ErrorReply("it", 14)));
  expect(await stopping).toEqual({ done: 64, refused: 2 });
});

it("ends where nobody is there any more, and keeps nobody waiting", async () => {
  const { dma, asked } = makeDma();
  const storm = new Storm(dma, order);
  await vi.waitFor(() => {
    expect(asked.length).toBeGreaterThan(0);
  });
  const round = storm.round();
  for (const { reject } of asked) reject(new ClosedError({ what: "gone" }));
  await round;
  const count = asked.length;
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(asked.length).toBe(count);
  await storm.round();
  expect(await storm.stop()).toMatchObject({ refused: 0 });
});
