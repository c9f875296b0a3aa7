import { InvalidArgumentError } from "commander";
import { expect, it } from "vitest";
import { parseLength } from "./options.ts";

it("takes no more operations for a sequence than a scenario has steps, as which its findings are kept", () => {
  expect(parseLength("500")).toBe(500);
  for (const text of ["501", "0", "-1", "1e2", "many"]) expect(() => parseLength(text)).toThrow(InvalidArgumentError);
});
