import { Worker } from "node:worker_threads";
import { expect, it } from "vitest";
import { checkAll, type Checked, type StartThread } from "./check-all.ts";

/** More than what one thread judges alone; there is none of them, which is told by its name. */
const paths = Array.from({ length: 400 }, (_, index) => `/nowhere/${String(index)}.ndjson`);

/** With a thread that has the first share, and does with it what the program says. */
async function checkWith(program: string): Promise<readonly string[]> {
  const start: StartThread = (next) => {
    const share = Atomics.add(next, 0, 1);
    return new Worker(`const { workerData: share, parentPort } = require("node:worker_threads"); ${program}`, {
      eval: true,
      workerData: share,
    });
  };
  const told: Checked[] = [];
  for await (const each of checkAll(paths, () => Promise.resolve([]), new AbortController().signal, start))
    told.push(each);
  return told.map((each) => ("unreadable" in each ? each.unreadable.join(" ") : each.path));
}

it.each([
  ["throws", `throw new Error("out of luck");`],
  ["leaves", `process.exit(0);`],
])("judges what a thread took that %s while this one judges", async (_, program) => {
  const told = await checkWith(program);
  expect(told).toHaveLength(paths.length);
  for (const [index, path] of paths.entries()) expect(told[index]).toContain(path);
});

it("takes what a thread sent before it failed, and judges none of it again", async () => {
  const sent = `parentPort.postMessage({ share, checked: Array(20).fill({ unreadable: ["sent"] }) });`;
  const told = await checkWith(`${sent} throw new Error("out of luck");`);
  expect(told).toHaveLength(paths.length);
  expect(told.filter((each) => each === "sent")).toHaveLength(20);
});
