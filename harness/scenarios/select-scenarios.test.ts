import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { scenarioText, temporaryFolder } from "../testing/scenario-files.ts";
import { selectScenarios, type Selection } from "./select-scenarios.ts";

const files = {
  "all/attach-twice.yaml": scenarioText("attach-twice", { tags: ["iommufd", "attach"], seeds: ["000"] }),
  "all/deep/replace-empty.yaml": scenarioText("replace-empty", { tags: ["iommufd", "replace"], seeds: ["002"] }),
  "all/replace-full.yml": scenarioText("replace-full", { tags: ["replace", "dma"], seeds: ["000", "002"] }),
  "all/notes.txt": "no scenario",
  "all/zhil-runs/latest/first/operations.yaml": "scenario: first",
  "all/node_modules/package/own.yaml": "version: 1",
  "all/.hidden/own.yaml": "version: 1",
  "mine/own.yaml": scenarioText("own"),
};

/** Names that a selection gives, broken ones in brackets; or the error's message. */
async function select(
  wanted: Partial<Selection>,
  more: Readonly<Record<string, string>> = {},
): Promise<readonly string[] | string> {
  await using folder = await temporaryFolder({ ...files, ...more });
  const nothing = { names: [], tags: [], without: [], seeds: [] };
  const selection = { ...nothing, folder: join(folder.path, "all"), workingFolder: folder.path };
  try {
    const found = await selectScenarios({ ...selection, ...wanted });
    return [...found.scenarios.map((each) => each.name), ...found.broken.map((each) => `(${each.name})`)];
  } catch (error) {
    return (error as Error).message;
  }
}

describe("selectScenarios", () => {
  it("takes all, in order of names, where nothing is asked for", async () => {
    expect(await select({})).toEqual(["attach-twice", "replace-empty", "replace-full"]);
  });

  it("takes names in the order asked for, none twice", async () => {
    expect(await select({ names: ["replace-full", "attach-twice", "replace-*"] })).toEqual([
      "replace-full",
      "attach-twice",
      "replace-empty",
    ]);
  });

  it("puts scenarios on the devices that are asked for, or named", async () => {
    expect(await select({ devices: ["igb", "e1000e"], names: ["replace-*"] })).toEqual(
      ["igb", "e1000e"].flatMap((device) => [`replace-empty@${device}`, `replace-full@${device}`]),
    );
    expect(await select({ devices: ["igb"], names: ["./mine/own.yaml"] })).toEqual(["own@igb"]);
    expect(await select({ names: ["replace-*@igb", "own*"] })).toBe('No scenario matches "own*"');
    expect(await select({ names: ["*-full@virtio-blk"] })).toEqual(["replace-full@virtio-blk"]);
    expect(await select({ names: ["replace-full@ibg"] })).toContain('did you mean "replace-full@igb"?');
    const text = files["mine/own.yaml"].replaceAll("virtio-rng", "igb");
    expect(await select({ devices: ["igb"], names: ["./mine/own.yaml"] }, { "mine/own.yaml": text })).toEqual([
      "own",
    ]);
  });

  it("has those for guests and their hosts among all only where they are wanted, and wherever they are named", async () => {
    const text = files["all/attach-twice.yaml"].replace(/name: attach-twice/u, "name: attach-twice-on-few-entries");
    const more = { "all/attach-twice-on-few-entries.yaml": text.replace("steps:", "dma-entry-limit: 8\nsteps:") };
    const others = ["attach-twice", "replace-empty", "replace-full"];
    expect(await select({}, more)).toEqual(others);
    expect(await select({ forGuests: true }, more)).toEqual([
      "attach-twice",
      "attach-twice-on-few-entries",
      ...others.slice(1),
    ]);
    expect(await select({ names: ["*-entries"] }, more)).toEqual(["attach-twice-on-few-entries"]);
  });

  it.each([
    ["replace-*", ["replace-empty", "replace-full"]],
    ["*-f?ll", ["replace-full"]],
    ["*", ["attach-twice", "replace-empty", "replace-full"]],
  ])("takes the glob %s", async (glob, names) => {
    expect(await select({ names: [glob] })).toEqual(names);
  });

  it("leaves out what has an unwanted tag, whatever else it has", async () => {
    expect(await select({ without: ["replace"] })).toEqual(["attach-twice"]);
    expect(await select({ without: ["attach", "dma"] })).toEqual(["replace-empty"]);
    expect(await select({ tags: ["replace"], without: ["dma"] })).toEqual(["replace-empty"]);
    expect(await select({ without: ["replce"] })).toBe('No scenario has the tag "replce": did you mean "replace"?');
  });

  it("takes a dot in a glob as a dot", async () => {
    expect(await select({ names: ["replace.*"] })).toMatch(/^No scenario matches "replace\.\*"/u);
  });

  it("takes the path of a file, beside names", async () => {
    expect(await select({ names: ["./mine/own.yaml", "attach-twice"] })).toEqual(["own", "attach-twice"]);
  });

  it("suggests the nearest name for a typo", async () => {
    expect(await select({ names: ["atach-twice"] })).toBe(
      'Unknown scenario "atach-twice": did you mean "attach-twice"?',
    );
    expect(await select({ names: ["something-else-entirely"] })).toBe('Unknown scenario "something-else-entirely"');
  });

  it("takes any of several tags, and of those any of several seed documents", async () => {
    expect(await select({ tags: ["attach", "dma"] })).toEqual(["attach-twice", "replace-full"]);
    expect(await select({ tags: ["attach", "dma"], seeds: ["002"] })).toEqual(["replace-full"]);
  });

  it("refuses a tag or seed document that nothing has, and a selection of nothing", async () => {
    expect(await select({ tags: ["iomufd"] })).toBe('No scenario has the tag "iomufd": did you mean "iommufd"?');
    expect(await select({ seeds: ["007"] })).toContain('No scenario has the seed document "007"');
    expect(await select({ tags: ["attach"], seeds: ["002"] })).toBe("Nothing to run: no scenario is selected");
  });

  it("keeps a broken file, unless other names were asked for", async () => {
    const broken = { "all/bad.yaml": "name: bad\n" };
    expect(await select({}, broken)).toEqual(["attach-twice", "replace-empty", "replace-full", "(bad)"]);
    expect(await select({ names: ["attach-twice"] }, broken)).toEqual(["attach-twice"]);
    expect(await select({ names: ["bad"] }, broken)).toEqual(["(bad)"]);
  });

  it("calls a file broken whose name is not its scenario's, or is taken", async () => {
    const other = { "all/other.yaml": scenarioText("attach-twice") };
    const twin = { "all/deep/replace-full.yaml": scenarioText("replace-full") };
    expect(await select({}, other)).toContain("(other)");
    expect(await select({}, twin)).toContain("(replace-full)");
  });

  it("says so where folder or file cannot be read", async () => {
    expect(await select({ folder: "/nowhere/at-all" })).toBe('Cannot read the folder of scenarios "/nowhere/at-all"');
    expect(await select({ names: ["./none.yaml"] })).toMatch(/^Cannot read the scenario file ".*none\.yaml"$/u);
  });
});
