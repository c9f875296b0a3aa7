import { describe, expect, it } from "vitest";
import {
  findSignature,
  parseSignature,
  recognise,
  spellSignature,
  type SeenDifference,
  type SeenRun,
} from "./signature.ts";

const warning = "WARNING: ../source/drivers/iommu/s390-iommu.c at s390_domain_free";
const oops = "Unable to handle kernel pointer dereference in virtual kernel address space";

function difference(
  step: number,
  path: string,
  observed: unknown,
  verdict: SeenDifference["verdict"] = "fail",
): SeenDifference {
  return { step, operation: "attach", verdict, path, expected: "OK", observed };
}

function run(verdict: SeenRun["verdict"], ...differences: readonly SeenDifference[]): SeenRun {
  return { verdict, reason: null, differences, steps: { planned: 8, performed: 8 } };
}

const memory = difference(5, "memory.q[0]", undefined);
const failed = run("fail", memory);
const sought = { kind: "difference", step: 5, path: "memory.q[0]", result: null } as const;

describe("the failure that a run showed", () => {
  it.each([
    ["the first field that differs", failed, "5:memory.q[0]"],
    ["a result with its value", run("fail", difference(3, "result", "EINVAL"), memory), "3:result=EINVAL"],
    ["what a message tells of", run("fail", difference(5, "messages", []), memory), "5:memory.q[0]"],
    [
      "a message that is all",
      run("fail", difference(5, "messages", []), difference(6, "result", "EIO")),
      "5:messages",
    ],
    ["no warning that came besides", run("fail", difference(2, "alarms", [warning]), memory), "5:memory.q[0]"],
    [
      "a warning that came alone",
      run("fail", difference(2, "alarms", [warning])),
      "alarm:WARNING: drivers/iommu/s390-iommu.c at s390_domain_free",
    ],
    [
      "the oops of a kernel that ended",
      run("fail", difference(2, "result", "panic"), difference(2, "alarms", [oops])),
      `alarm:${oops}`,
    ],
    ["a hang without a word", run("fail", difference(2, "result", "hang")), "2:result=hang"],
  ])("is %s", (_, shown, text) => {
    const signature = findSignature(shown);
    expect(signature === null ? null : spellSignature(signature)).toBe(text);
    expect(parseSignature(text)).toEqual(signature);
    expect(signature === null ? null : recognise(signature, shown)).toBe("seen");
  });

  it("is nothing that is known, unless it is asked for", () => {
    const known = run("known", difference(5, "memory.q[0]", undefined, "known"));
    expect(findSignature(known)).toBeNull();
    expect(findSignature(known, "known")).toEqual(sought);
    expect(recognise(sought, known)).toBe("seen");
  });
});

describe("a failure", () => {
  it.each([
    ["seen", "fails beside others", run("fail", difference(2, "alarms", [warning]), memory)],
    ["absent", "passes", run("pass")],
    ["absent", "deviates elsewhere, as is known", run("known", difference(2, "messages", [], "known"))],
    ["absent", "agrees where it was known not to", run("pass", difference(5, "memory.q[0]", "x", "stale"))],
    ["absent", "only warns, before", run("fail", difference(2, "alarms", [warning]))],
    ["absent", "fails later", run("fail", difference(6, "result", "EIO"))],
    ["unclear", "has gone another way before", run("fail", difference(3, "result", "EINVAL"))],
    ["unclear", "has had an oops before", run("fail", difference(3, "alarms", [oops]))],
    ["unclear", "ends in that step otherwise", run("fail", difference(5, "result", "EIO"))],
    ["unclear", "could not run", run("skip")],
    ["unclear", "gave no answer", run("error")],
    [
      "unclear",
      "ended before",
      { ...run("fail", difference(3, "alarms", [warning])), steps: { planned: 8, performed: 3 } },
    ],
  ] as const)("is %s where a run %s", (sight, _, shown) => {
    expect(recognise(sought, shown)).toBe(sight);
  });

  it("is another one with another result", () => {
    const invalid = { kind: "difference", step: 3, path: "result", result: "EINVAL" } as const;
    expect(recognise(invalid, run("fail", difference(3, "result", "EIO")))).toBe("unclear");
    expect(recognise(invalid, run("fail", difference(3, "result", "EINVAL")))).toBe("seen");
  });

  it("is the same alarm in whatever step and build folder, beside others", () => {
    const signature = findSignature(run("fail", difference(2, "alarms", [warning])));
    const elsewhere = warning.replace("../source/", "/build/linux/");
    expect(
      signature === null ? null : recognise(signature, run("fail", difference(4, "alarms", [oops, elsewhere]))),
    ).toBe("seen");
    expect(signature === null ? null : recognise(signature, run("fail", difference(4, "alarms", [oops])))).toBe(
      "unclear",
    );
  });
});

it.each(["", "5", "0:result", "x:result", "5:", "alarm:"])("takes %j for no failure", (text) => {
  expect(parseSignature(text)).toBeNull();
});
