import { expect, it } from "vitest";
import { countByFunction, parseSymbols } from "./corpus-functions.ts";

const said = `                 U nothing
0000000000100000 T _stext
0000000000100010 t zpci_one
0000000000100040 W zpci_two
0000000000100080 d data_of_it
0000000000100090 T zpci_three
`;

it("reads code of what nm says, and nothing else", () => {
  expect(parseSymbols(said).map(({ name }) => name)).toEqual(["_stext", "zpci_one", "zpci_two", "zpci_three"]);
  expect(parseSymbols("nm: vmlinux: no symbols\n")).toEqual([]);
});

it("counts places by the function that they are in, those with most first", () => {
  const from = 0x3ff_e010_0000;
  const places = [from + 0x10, from + 0x90, from + 0x3f, from + 0x40, from + 0x4f, from + 0x7e, from - 1];
  expect(countByFunction(places, parseSymbols(said))).toEqual([
    { name: "zpci_two", places: 3 },
    { name: "zpci_one", places: 2 },
    { name: "?", places: 1 },
    { name: "zpci_three", places: 1 },
  ]);
});
