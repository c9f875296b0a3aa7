import { expect, it } from "vitest";
import type { Progress } from "../assets/progress.ts";
import { findFirstError, watchBuild } from "./make-progress.ts";

it("counts what is made and foretells the rest by the pace so far", () => {
  let clock = 0;
  const seen: Progress[] = [];
  const watch = watchBuild(
    "kernel",
    { steps: 200, milliseconds: 60_000 },
    (progress) => seen.push(progress),
    () => clock,
  );
  for (let i = 0; i < 100; i++) {
    clock += 1000;
    watch.onLine("make[2]: Entering directory");
    watch.onLine(`  CC      kernel/file${i}.o`);
  }
  expect(seen).toHaveLength(51);
  expect(seen.at(-1)).toEqual({
    kind: "advance",
    task: "kernel",
    fraction: 0.5,
    elapsed: 100_000,
    remaining: 100_000,
  });
  expect(watch.total()).toEqual({ steps: 100, milliseconds: 100_000 });
});

it("goes by the last build as long as there is no pace", () => {
  let clock = 0;
  const seen: Progress[] = [];
  const watch = watchBuild(
    "kernel",
    { steps: 100, milliseconds: 60_000 },
    (progress) => seen.push(progress),
    () => clock,
  );
  clock = 2000;
  watch.onLine("  HOSTCC  scripts/fixdep");
  expect(seen).toMatchObject([{ fraction: 0.01, elapsed: 2000, remaining: 58_000 }]);
});

it("is never done before make is, nor is less than nothing left", () => {
  const seen: Progress[] = [];
  const watch = watchBuild(
    "kernel",
    { steps: 2, milliseconds: 0 },
    (progress) => seen.push(progress),
    () => 0,
  );
  for (const line of ["  CC a.o", "  LD b.o", "  AR c.a", "  AR d.a"]) watch.onLine(line);
  expect(seen.at(-1)).toMatchObject({ fraction: 0.99, remaining: 0 });
});

it("finds the first error with its source line, not what make says of it later", () => {
  const error = findFirstError([
    "  CC      kernel/fork.o",
    "drivers/iommu/s390-iommu.c: In function 'attach':",
    "drivers/iommu/s390-iommu.c:12:3: error: 'x' undeclared",
    "   12 |   x = 1;",
    "      |   ^",
    "make[3]: *** [scripts/Makefile.build:287: drivers/iommu/s390-iommu.o] Error 1",
    "make[2]: *** [drivers] Error 2",
  ]);
  expect(error).toEqual([
    "drivers/iommu/s390-iommu.c:12:3: error: 'x' undeclared",
    "   12 |   x = 1;",
    "      |   ^",
  ]);
});

it("falls back on make's own words, then on the last lines", () => {
  expect(findFirstError(["  CC a.o", "make: *** No rule to make target 'b'.  Stop."])).toEqual([
    "make: *** No rule to make target 'b'.  Stop.",
  ]);
  expect(findFirstError(["one", "two"])).toEqual(["one", "two"]);
});
