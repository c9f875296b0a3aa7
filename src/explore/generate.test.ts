import { beforeAll, describe, expect, it } from "vitest";
import { operationNames, type OperationName } from "../operation/operation.ts";
import { playOnModel, type PlayedSequence } from "../testing/explore-model.ts";
import { subjects } from "./cast.ts";

let played: readonly PlayedSequence[];
beforeAll(async () => {
  played = await Promise.all(Array.from({ length: 50 }, (_, number) => playOnModel(1, number, 80)));
}, 240_000);

describe("generated sequences", () => {
  it("are the same for the same seed and number", async () => {
    expect((await playOnModel(1, 3, 80)).operations).toEqual(played[3]?.operations);
    expect((await playOnModel(2, 3, 80)).operations).not.toEqual(played[3]?.operations);
  });

  it("do not run dry", () => {
    const total = played.reduce((sum, { operations }) => sum + operations.length, 0);
    expect(total).toBeGreaterThan(50 * 70);
  });

  it("are legal mostly, and not always", () => {
    const results = played.flatMap(({ observations }) => observations.map(({ result }) => result));
    const share = results.filter((result) => result === "OK").length / results.length;
    expect(share).toBeGreaterThan(0.8);
    expect(share).toBeLessThan(0.98);
    expect(new Set(results).size).toBeGreaterThan(8);
  });

  it("show nothing where the model is asked about itself", () => {
    expect(played.flatMap(({ differences }) => differences)).toEqual([]);
  });

  it("have every operation but those that are left out on purpose", () => {
    const generated = new Set(played.flatMap(({ operations }) => operations.map(({ op }) => op)));
    // Those that end or hold a machine, and those of devices that are no part of a cast.
    const leftOut = [
      ...["container-close", "interrupt", "interrupts-enable", "interrupts-disable"],
      ...[
        "host-reset-method",
        "host-reset",
        "host-unbind",
        "host-recover",
        "host-unplug",
        "host-lose",
        "guest-kill",
        "guest-reset",
      ],
      ...["plug", "dma-release", "storm-begin", "storm-end", "function-dies", "function-returns", "misbehave"],
    ];
    expect(leftOut.filter((name) => generated.has(name as OperationName))).toEqual([]);
    // Few sequences are played here: some operations come in one of hundreds.
    const never = operationNames.filter((name) => !generated.has(name) && !leftOut.includes(name));
    expect(never.length, never.join()).toBeLessThan(22);
  });

  it("do things inside operations, answer instructions, and have allocations fail", () => {
    const all = played.flatMap(({ operations }) => operations);
    expect(all.filter(({ during }) => during !== undefined).length).toBeGreaterThan(20);
    expect(all.filter(({ answers }) => answers !== undefined).length).toBeGreaterThan(20);
    const failing = all.filter(({ failNth }) => failNth !== undefined);
    expect(failing.length).toBeGreaterThan(10);
    expect(failing.some(({ during, answers }) => (during ?? answers) !== undefined)).toBe(false);
  });

  it("keep to the subjects that are wanted", async () => {
    const [only] = await Promise.all([playOnModel(1, 0, 60, ["type1"])]);
    expect([...only.cast.subjects]).toEqual(["type1"]);
    expect(only.operations.some(({ op }) => op.startsWith("container-"))).toBe(true);
    expect(only.operations.some(({ op }) => op.startsWith("mock-"))).toBe(false);
    expect(subjects).toContain("races");
  });
});
