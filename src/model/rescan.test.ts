import { expect, it } from "vitest";
import { planOf } from "../testing/plan-of.ts";
import { predict, type Step } from "./model.ts";
import type { QuirkName } from "./quirks.ts";

const last = (steps: string, quirks: QuirkName[] = []): Step["expectation"] =>
  predict(planOf(steps), new Set(quirks)).at(-1)!.expectation;

const lost: QuirkName[] = ["rescan-loses-slot-reset"];
const recover = (name: string): string => `recover: { function: ${name} }\n`;
const take = (name: string): string => `take-iommufd: { function: ${name} }\n`;
const reset = (name: string): string => `reset: { function: ${name} }`;

it("is reset after it was scanned anew as before", () => {
  expect(last(recover("r") + take("r") + reset("r"))).toMatchObject({
    result: "OK",
    messages: ["r reset", "r disable", "r enable"],
  });
  expect(last(`${recover("r")}sysfs-reset: { function: r }`).result).toBe("OK");
});

it.each([
  ["recovery", recover("r")],
  ["the slot's power", "power: { function: r, on: false }\npower: { function: r, on: true }\n"],
])("has nothing left that resets it after %s, where the scan loses that", (_, scan) => {
  expect(last(scan + take("r"), lost)).toMatchObject({ result: "OK", messages: [] });
  expect(last(scan + take("r") + reset("r"), lost)).toMatchObject({ result: "EINVAL", messages: [] });
  expect(last(`${scan}${take("r")}device-info: { function: r }`, lost).values).toMatchObject({ flags: 0x02 });
  expect(last(`${scan}sysfs-reset: { function: r }`, lost).result).toBe("ENOENT");
  expect(last(`${scan}reset-method: { function: r, method: bus }`, lost).result).toBe("ENOENT");
  // The hot reset asks the slot when it is wanted.
  expect(last(`${scan}${take("r")}hot-reset: { function: r }`, lost).messages).toEqual([
    ...["r reset", "r disable", "r enable"],
  ]);
});

it("has its own reset left, and finds the slot's again when methods are asked for", () => {
  expect(last(recover("a") + take("a") + reset("a"), lost)).toMatchObject({ result: "OK", messages: [] });
  const found = `${recover("a")}reset-method: { function: a, method: bus }\n`;
  expect(last(found + take("a") + reset("a"), lost).messages).toEqual(["a reset", "a disable", "a enable"]);
});

it("leaves a domain of its own behind when it joins a container that has one", () => {
  const second = `
    take-type1: { function: a, container: C }
    group-open: { function: w }
    group-set-container: { function: w, container: C }`;
  const { devices } = last(`bind: { function: w }${second}`);
  expect(devices).toMatchObject({ w: { emptied: true } });
  const first = "bind: { function: w }\ncontainer-open: { container: C }\ngroup-open: { function: w }";
  const alone = `${first}\ngroup-set-container: { function: w, container: C }\ncontainer-set-iommu: { container: C }`;
  expect(last(alone).devices).toMatchObject({ w: { emptied: false } });
});
