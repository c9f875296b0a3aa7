import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, it, onTestFinished } from "vitest";
import { countSamples, profileOwn } from "./profile-own.ts";

const frame = (functionName: string, url: string): object => ({
  callFrame: { functionName, scriptId: "1", url, lineNumber: 0, columnNumber: 0 },
});

it("counts what is done in a folder or on its behalf, and not what is only waited", () => {
  const nodes = [
    { id: 1, ...frame("(root)", ""), children: [2, 3, 4] },
    { id: 2, ...frame("(idle)", "") },
    { id: 3, ...frame("receive", "file:///p/harness/vfio-user/messages.js"), children: [5] },
    { id: 4, ...frame("judge", "file:///p/src/verdict/judge.js") },
    { id: 5, ...frame("copy", "node:buffer") },
  ] as never;
  const profile = { nodes, samples: [1, 2, 2, 2, 3, 4, 4, 5], startTime: 0, endTime: 1 };
  expect(countSamples(profile, "/harness/vfio-user/")).toEqual({ samples: 5, inFolder: 2 });
  expect(countSamples(profile, "/nowhere/")).toEqual({ samples: 5, inFolder: 0 });
});

it("finds who works, and gives back what was made", async () => {
  const folder = await mkdtemp(join(tmpdir(), "zt-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const file = join(folder, "busy.mjs");
  await writeFile(
    file,
    "export const busy = () => { const end = Date.now() + 100; let n = 0; while (Date.now() < end) n++; };",
  );
  const { busy } = (await import(/* @vite-ignore */ pathToFileURL(file).href)) as { busy: () => void };
  const [made, { samples, inFolder }] = await profileOwn(folder, () => {
    busy();
    return Promise.resolve("made");
  });
  expect(made).toBe("made");
  expect(inFolder).toBeGreaterThan(20);
  expect(samples).toBeGreaterThanOrEqual(inFolder);
});
