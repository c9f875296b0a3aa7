import { expect, it } from "vitest";
import { AnswerBook, type Answer, type Asked } from "./answers.ts";

const common = { times: 1, from: 1, done: false };
const rpcit = (more: Partial<Answer> = {}): Answer =>
  ({ instruction: "rpcit", cc: 1, status: 16, ...common, ...more }) as Answer;
const register: Answer = { instruction: "mpcifc", control: "register-ioat", cc: 3, ...common };
const disable: Answer = { instruction: "clp", command: "disable", cc: 3, ...common };
const flush = (of: string): Asked => ({ instruction: "rpcit", of });

it("gives an answer as often as it says, from the execution on that it says", () => {
  const answer = rpcit({ from: 2, times: 2 });
  const book = new AnswerBook([answer]);
  expect([1, 2, 3, 4].map(() => book.take(flush("a")))).toEqual([null, answer, answer, null]);
  expect(book.given).toEqual([2]);
  expect(book.awaited).toEqual([]);
});

it("gives answers to the function and for the purpose that they are for", () => {
  const book = new AnswerBook([rpcit({ of: "b" }), register, disable]);
  expect(book.take(flush("a"))).toBeNull();
  expect(book.take({ instruction: "mpcifc", control: "unregister-ioat", of: "a" })).toBeNull();
  expect(book.take({ instruction: "clp", command: "enable", of: "a" })).toBeNull();
  expect(book.awaited).toEqual(["rpcit", "mpcifc", "clp"]);
  expect(book.take(flush("b"))).toMatchObject({ of: "b" });
  expect(book.take({ instruction: "mpcifc", control: "register-ioat", of: "a" })).toBe(register);
  expect(book.take({ instruction: "clp", command: "disable", of: "a" })).toBe(disable);
});

it("gives one answer to an execution: the next in the list has not met it", () => {
  const [first, second] = [rpcit(), rpcit({ status: 8 })];
  const book = new AnswerBook([first, second]);
  expect([book.take(flush("a")), book.take(flush("a")), book.take(flush("a"))]).toEqual([first, second, null]);
});
