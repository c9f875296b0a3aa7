import { expect, it } from "vitest";
import { scenarioText } from "../testing/scenario-files.ts";
import { keyOfUnit, readUnit, type Unit } from "./units.ts";

const unit: Unit = { scenario: "one", file: "one.yaml", text: scenarioText("one"), problem: null };

it("knows a unit by its content", () => {
  expect(keyOfUnit({ ...unit }, 1)).toBe(keyOfUnit(unit, 1));
  const others = [
    keyOfUnit(unit, 2),
    keyOfUnit({ ...unit, text: `${unit.text}# more\n` }, 1),
    keyOfUnit({ ...unit, scenario: "one@witness" }, 1),
  ];
  expect(new Set([keyOfUnit(unit, 1), ...others]).size).toBe(4);
});

it("reads the scenario that is meant, and has as broken what it cannot read", () => {
  expect(readUnit(unit).scenarios.map(({ name }) => name)).toEqual(["one"]);
  const text = `${unit.text.replace("a: virtio-rng", "a: nvme")}also: [witness]\n`;
  const variant = readUnit({ ...unit, text, scenario: "one@witness" });
  expect(variant.scenarios[0]?.functions).toEqual({ a: "witness" });
  expect(readUnit({ ...unit, scenario: "one@igb" }).scenarios[0]?.functions).toEqual({ a: "igb" });
  for (const broken of [{ text: "- no" }, { scenario: "two" }, { problem: "it was never one" }]) {
    const read = readUnit({ ...unit, ...broken });
    expect(read.scenarios).toEqual([]);
    expect(read.broken).toHaveLength(1);
  }
  expect(readUnit({ ...unit, scenario: "two" }).broken[0]?.error.message).toContain('Cannot find "two" in its file');
});
