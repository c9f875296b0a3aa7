import { expect, it } from "vitest";
import { nearestOf } from "./nearest.ts";

const candidates = ["attach", "detach", "replace", "ioas-map", "ioas-unmap"];

it("finds what was probably meant", () => {
  expect(nearestOf("atach", candidates)).toBe("attach");
  expect(nearestOf("ioas-unnmap", candidates)).toBe("ioas-unmap");
  expect(nearestOf("relpace", candidates)).toBe("replace");
});

it("finds nothing in what is nothing like it", () => {
  expect(nearestOf("frobnicate", candidates)).toBeNull();
  expect(nearestOf("x", [])).toBeNull();
});
