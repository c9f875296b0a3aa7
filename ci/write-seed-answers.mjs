/**
 * Writes what the kernel of a run answered to the scenarios of the seed documents: node ci/write-seed-answers.mjs NAME RUN-FOLDER…
 *
 * The folders are those of one kernel's runs (`zhil run --seed 000 --seed 001 … --kernel …`); a later one counts before an earlier. What the same kernel
 * on the same QEMU answered before to scenarios that are in none of them stays.
 */
import { readdir, readFile, writeFile, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { parse, stringify } from "yaml";

const [name, ...folders] = process.argv.slice(2);
if (name === undefined || !/^[a-z0-9.-]+$/.test(name) || folders.length === 0) {
  console.error("Usage: node ci/write-seed-answers.mjs NAME RUN-FOLDER…");
  process.exit(2);
}

const records = [];
for (const folder of folders) {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (!entry.isDirectory()) continue;
    const text = await readFile(join(folder, entry.name, "record.json"), "utf8").catch(() => null);
    if (text !== null) records.push(JSON.parse(text));
  }
}

const verdictOf = ({ verdict, known, reason }) => {
  if (verdict === "known") return `known ${[...known].sort().join(", ")}`;
  if (verdict === "skip") return `skip ${(reason ?? "").replaceAll("CONFIG_", "")}`;
  return verdict;
};

const seeded = records.filter(({ seeds, scenario }) => seeds.length > 0 && !scenario.includes("@"));
const [first] = seeded.filter(({ profile }) => profile !== null);
if (first === undefined) {
  console.error("No scenario of a seed document was run in these folders");
  process.exit(1);
}
const { kernel, qemu } = first.profile;
const verdicts = Object.fromEntries(seeded.map((each) => [each.scenario, verdictOf(each)]));
const kept = await readFile(new URL(`../fixtures/seeds/answers/${name}.yaml`, import.meta.url), "utf8").then(
  parse,
  () => null,
);
const patched = kernel.patches.length === 0 ? "" : ` with ${kernel.patches.join(", ")}`;
const head = { kernel: `Linux ${kernel.version}${patched}`, qemu: qemu.version };
const isSame = kept?.kernel === head.kernel && kept.qemu === head.qemu;
const all = Object.entries({ ...(isSame ? kept.verdicts : {}), ...verdicts });
const answers = {
  ...head,
  seen: first.started.slice(0, 10),
  verdicts: Object.fromEntries(all.sort(([a], [b]) => (a < b ? -1 : 1))),
};
const folder = new URL("../fixtures/seeds/answers/", import.meta.url);
await mkdir(folder, { recursive: true });
await writeFile(new URL(`${name}.yaml`, folder), stringify(answers));
