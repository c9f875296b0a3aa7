import { expect, it } from "vitest";
import { describeError, firstError } from "./describe-error.ts";
import { InfrastructureError, UsageError } from "./harness-error.ts";

it("tells what went wrong, where, why, and what to do", () => {
  const cause = new InfrastructureError({
    what: 'Cannot read "x.yaml"',
    remedy: "Create it",
    cause: new Error("ENOENT"),
  });
  const error = new UsageError({ what: 'Cannot run scenario "x"', where: "x.yaml:3", cause });
  expect(describeError(error)).toEqual([
    'Cannot run scenario "x" (x.yaml:3)',
    'because: Cannot read "x.yaml"',
    "because: ENOENT",
    "remedy: Create it",
  ]);
});

it("describes what is no error, too", () => {
  expect(describeError("just a string")).toEqual(["just a string"]);
});

it("finds the error that came first under the ones of disposals", async () => {
  const failing = (message: string): AsyncDisposable => ({
    [Symbol.asyncDispose]: () => Promise.reject(new Error(message)),
  });
  const body = async (): Promise<void> => {
    await using outer = failing("outer disposal");
    await using inner = failing("inner disposal");
    throw new Error(`the body, with ${typeof outer} and ${typeof inner}`);
  };
  const error = await body().catch((reason: unknown) => reason);
  expect(firstError(error)).toMatchObject({ message: "the body, with object and object" });
});
