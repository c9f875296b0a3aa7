import { describe, expect, it } from "vitest";
import { parseMutant } from "./mutant.ts";

const header = `Mutant: flush-forgotten
Breaks: every function is flushed
Plausible because:
  one looked
  like enough
Expected killer tags: unmap, two-functions
Seen as: a stale page
`;
const diff = "\n--- a/drivers/x.c\n+++ b/drivers/x.c\n@@ -1 +1 @@\n-a\n+b\n";

describe("parseMutant", () => {
  it("reads every heading, continued lines joined", () => {
    expect(parseMutant(header + diff, "f.patch")).toEqual({
      name: "flush-forgotten",
      breaks: "every function is flushed",
      because: "one looked like enough",
      tags: ["unmap", "two-functions"],
      seenAs: "a stale page",
      file: "f.patch",
    });
  });

  it.each(["Mutant", "Breaks", "Plausible because", "Expected killer tags", "Seen as"])("wants %s", (heading) => {
    const without = header.replace(new RegExp(`^${heading}:.*\n(?: .*\n)*`, "mu"), "");
    expect(() => parseMutant(without + diff, "f.patch")).toThrow(
      `Cannot read the mutant "f.patch": its header has no "${heading}"`,
    );
  });

  it("reads which flavour of the kernel it shows on, where it does on one alone", () => {
    const { flavour } = parseMutant(`${header}Kernel: lean/kasan\n${diff}`, "f.patch");
    expect(flavour).toBe("kasan");
    expect(() => parseMutant(`${header}Kernel: debian/6.12\n${diff}`, "f.patch")).toThrow(
      '"debian/6.12" is no flavour of the lean kernel',
    );
  });

  it("takes no heading from the diff", () => {
    const late = header.replace(/^Seen as.*\n/mu, "");
    expect(() => parseMutant(`${late}${diff}Seen as: too late\n`, "f.patch")).toThrow('no "Seen as"');
  });

  it("wants a diff", () => {
    expect(() => parseMutant(header, "f.patch")).toThrow("it has no diff");
  });

  it("refuses a name that could not be a file's", () => {
    expect(() => parseMutant(header.replace("flush-forgotten", "../x") + diff, "f.patch")).toThrow(
      '"../x" is no name',
    );
  });
});
