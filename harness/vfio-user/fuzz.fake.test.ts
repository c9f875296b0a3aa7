/** Random mutations of what QEMU says: other ones each time, for as long as a unit test may take. */
import { expect, it } from "vitest";
import { fuzzServer } from "../testing/fuzz-server.ts";

/** Milliseconds. */
const time = 1_500;

it("goes on, or closes with a reason, whatever a client makes of the protocol", async () => {
  const seed = Number(process.env["ZHIL_FUZZ_SEED"] ?? Math.floor(Math.random() * 2 ** 32));
  const began = performance.now();
  const { conversations, ends } = await fuzzServer(seed, () => performance.now() - began < time).catch(
    (error: unknown) => {
      throw new Error(`ZHIL_FUZZ_SEED=${seed} begins where this one went wrong or before`, { cause: error });
    },
  );
  // On any machine that is not standing still, and not all in the same way.
  expect(conversations).toBeGreaterThan(20);
  expect(ends.size).toBeGreaterThan(5);
});

it("holds the same conversations for the same seed", async () => {
  const first = await fuzzServer(7, (count) => count < 100);
  expect(await fuzzServer(7, (count) => count < 100)).toEqual(first);
  expect(first.ends.size).toBeGreaterThan(10);
});
