import { expect, it } from "vitest";
import { ResourceScope } from "./resource-scope.ts";

it("undoes in reverse order, once", async () => {
  const undone: string[] = [];
  const scope = new ResourceScope();
  scope.defer("first", () => undone.push("first"));
  scope.use("second", { [Symbol.asyncDispose]: () => Promise.resolve(void undone.push("second")) });
  scope.use("third", { [Symbol.dispose]: () => void undone.push("third") });
  await scope[Symbol.asyncDispose]();
  await scope[Symbol.asyncDispose]();
  expect(undone).toEqual(["third", "second", "first"]);
});

it("tries every step and throws the first error, with the step's name", async () => {
  const undone: string[] = [];
  const scope = new ResourceScope();
  scope.defer("last", () => undone.push("last"));
  scope.defer("later failure", () => Promise.reject(new Error("later")));
  scope.defer("first failure", () => {
    throw new Error("first");
  });
  await expect(scope[Symbol.asyncDispose]()).rejects.toMatchObject({
    what: 'Cannot undo "first failure"',
    cause: { message: "first" },
  });
  expect(undone).toEqual(["last"]);
});

it("hands its steps over, so that what was built outlives it", async () => {
  const undone: string[] = [];
  const build = async (fails: boolean): Promise<ResourceScope> => {
    await using scope = new ResourceScope();
    scope.defer("machine", () => undone.push("machine"));
    if (fails) throw new Error("half-way");
    return scope.move();
  };
  const built = await build(false);
  expect(undone).toEqual([]);
  await built[Symbol.asyncDispose]();
  expect(undone).toEqual(["machine"]);
  await expect(build(true)).rejects.toThrow("half-way");
  expect(undone).toEqual(["machine", "machine"]);
});

it("takes nothing more once it has ended", async () => {
  const scope = new ResourceScope();
  await scope[Symbol.asyncDispose]();
  expect(() => {
    scope.defer("late", () => undefined);
  }).toThrow('Cannot defer "late": the scope has ended');
});
