import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { temporaryFolder } from "../testing/scenario-files.ts";
import { FencedError } from "../errors/harness-error.ts";
import { passFence, readToken } from "./fence.ts";

const { signal } = new AbortController();

/** A promise that somebody else fulfils. */
function makeGate(): { readonly opened: Promise<void>; readonly open: () => void } {
  const gate = new AbortController();
  const opened = once(gate.signal, "abort").then(() => undefined);
  return {
    opened,
    open: () => {
      gate.abort();
    },
  };
}

it("lets the highest token through, one operation at a time, and no lower one ever after", async () => {
  await using folder = await temporaryFolder();
  const fence = { hardware: "lab", file: join(folder.path, "token") };
  expect(await readToken(fence.file)).toBe(0);
  const order: string[] = [];
  const inside = makeGate();
  const mayEnd = makeGate();
  const old = passFence(fence, 3, signal, async () => {
    order.push("3 begins");
    inside.open();
    await mayEnd.opened;
    order.push("3 ends");
  });
  await inside.opened;
  const young = passFence(fence, 4, signal, () => Promise.resolve(order.push("4")));
  mayEnd.open();
  await Promise.all([old, young]);
  expect(order).toEqual(["3 begins", "3 ends", "4"]);
  const late = passFence(fence, 3, signal, () => Promise.resolve(order.push("3 again")));
  await expect(late).rejects.toThrow(FencedError);
  await expect(late).rejects.toThrow('"lab": its lease has token 3, and token 4 was here since');
  expect(order).toHaveLength(3);
  expect(await readFile(fence.file, "utf8")).toBe("4\n");
});

it("lets nobody through where the file holds something else", async () => {
  await using folder = await temporaryFolder({ token: "seven\n" });
  const fence = { hardware: "lab", file: join(folder.path, "token") };
  await expect(passFence(fence, 9, signal, () => Promise.resolve())).rejects.toThrow('Cannot use the fence "');
  await writeFile(fence.file, "7");
  await expect(passFence(fence, 9, signal, () => Promise.resolve("in"))).resolves.toBe("in");
});
