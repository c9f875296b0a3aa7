import { expect, it } from "vitest";
import { temporaryFolder } from "../testing/scenario-files.ts";
import { listMachines } from "./config.ts";
import { loadConfig } from "./load-config.ts";

const load = async (text: string, name = "zhil.config.ts") => {
  await using folder = await temporaryFolder({ [name]: text });
  return await loadConfig(null, folder.path);
};
const own = 'import { defineConfig, type NightConfig } from "zpci-hil/config";\n';

it("has types, defaults, and the machines in the file's order", async () => {
  const { config } = await load(
    `${own}const kernels: NightConfig["kernels"] = ["lean", "lean/6.12"];\n` +
      'export default defineConfig({ kernels, qemus: ["newest", "debian/10.0"], benches: ["emulated", "model"] });',
  );
  expect(config).toMatchObject({
    attempts: 3,
    boot: "clone",
    jobs: null,
    out: "zhil-nights",
    keep: 14,
    devices: null,
  });
  expect(listMachines(config).map(({ name }) => name)).toEqual([
    "emulated/lean/newest",
    "emulated/lean/debian/10.0",
    "emulated/lean/6.12/newest",
    "emulated/lean/6.12/debian/10.0",
    "model",
  ]);
});

it("is read anew each time", async () => {
  await using folder = await temporaryFolder({ "zhil.config.mjs": "export default { attempts: 1 };" });
  expect((await loadConfig(null, folder.path)).config.attempts).toBe(1);
  await using other = await temporaryFolder({ "zhil.config.mjs": "export default { attempts: 2 };" });
  expect((await loadConfig(null, other.path)).config.attempts).toBe(2);
});

it.each([
  ["export default { kernel: [] };", /Unrecognized key: "kernel"/u],
  ["export default { kernels: [] };", /kernels: Too small/u],
  ['export default { kernels: ["lean", "lean"] };', /kernels: expected no name twice/u],
  ['export default { devices: ["nmve"] };', /devices\.0: Invalid option/u],
  ['export default { exclude: [{ kernel: "lean" }] };', /exclude\.0\.why/u],
  ["export const config = {};", /it has no default export/u],
  ["export default {", /Cannot load the configuration/u],
  ['throw new Error("no");', /Cannot load the configuration/u],
])("refuses %s", async (text, message) => {
  await expect(load(text)).rejects.toThrow(message);
});

it("refuses a matrix of which nothing is left", async () => {
  const { config } = await load(
    `${own}export default defineConfig({ exclude: [{ bench: "emulated", why: "all" }] });`,
  );
  expect(() => listMachines(config)).toThrow("excludes every machine");
});
