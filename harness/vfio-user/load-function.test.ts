import { join } from "node:path";
import { expect, it } from "vitest";
import { temporaryFolder } from "../testing/scenario-files.ts";
import { loadFunction } from "./load-function.ts";

const good = `export default {
  identity: { vendor: 1, device: 2, classCode: 0xff0000 },
  bars: { 0: { size: 4096, registers: { one: { offset: 0, size: 4, read: () => 1n } } } },
  msix: { vectors: 1, bar: 1 },
  onMap: () => undefined,
};`;

/** What becomes of a module with that text. */
async function load(text: string, file = "mine.mjs"): Promise<unknown> {
  await using folder = await temporaryFolder({ [file]: text });
  return await loadFunction({ name: "a", module: join(folder.path, file) }).catch((error: unknown) =>
    (error as Error).message.replaceAll(folder.path, ""),
  );
}

it("loads what a module exports", async () => {
  expect(await load(good)).toMatchObject({ msix: { vectors: 1 }, onMap: expect.any(Function) as unknown });
});

it.each<[what: string, text: string, message: string | RegExp, file?: string]>([
  ["TypeScript", good, "Node does not run TypeScript", "mine.ts"],
  // Whose words these are depends on who loads it.
  ["that cannot be read", "export default {", /mjs": \S/],
  ["that throws", "throw new Error('not today')", ": not today"],
  ["without a default export", "export const mine = {};", ": it has no default export"],
  ["that is no object", "export default 7;", ": its default export: Invalid input: expected object"],
  ["without an identity", "export default { msix: { vectors: 1, bar: 0 } };", ": identity: Invalid input"],
  ["with a vendor that is none", good.replace("vendor: 1", "vendor: 65536"), ": identity.vendor: Too big"],
  ["with a register of three bytes", good.replace("size: 4,", "size: 3,"), ".one.size: expected 1, 2, 4 or 8 bytes"],
  ["with a BAR that is none", good.replace("0: {", "6: {"), ": bars.6: "],
  ["with a handler that is none", good.replace("() => undefined", "7"), ": onMap: expected a function"],
  ["with a mistyped word", good.replace("identity", "identty"), 'Unrecognized key: "identty"'],
  ["with a word nobody knows", good.replace("onMap", "onmap"), 'Unrecognized key: "onmap"'],
  ["that does not fit together", good.replace("bar: 1", "bar: 0"), ": Cannot define a function: BAR 0 is to hold"],
])("refuses a module %s", async (_, text, message, file) => {
  const said = await load(text, file);
  expect(said).toContain(`Cannot load function "a" from "/${file ?? "mine.mjs"}": `);
  if (typeof message === "string") expect(said).toContain(message);
  else expect(said).toMatch(message);
});

it("refuses a file that is not there", async () => {
  await expect(loadFunction({ name: "a", module: "./none.mjs" })).rejects.toThrow(
    'Cannot load function "a" from "./none.mjs": there is no such file',
  );
});
