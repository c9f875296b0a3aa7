import { expect, it } from "vitest";
import type { AgentAnswer } from "./answers.ts";
import { mergeAnswers } from "./merge-answers.ts";

const answer = (more: Partial<AgentAnswer>): AgentAnswer => ({
  ...{ id: 1, result: "OK", values: {}, micros: 1, functions: {}, messages: [], log: [], dropped: 0, settled: true },
  memory: {},
  ...more,
});

it("keeps how the operation ended, takes how things look now, and loses nothing of what was said meanwhile", () => {
  const view = { driver: null, handle: null, counters: null };
  const page = (digest: string) => ({ digest, head: "" });
  const first = answer({
    ...{ result: "EINVAL", values: { a: 1 }, micros: 7, messages: ["one"], dropped: 1 },
    places: [3],
    ...{ log: [{ level: 4, text: "x" }], memory: { "p[0]": page("1"), "p[1]": page("2") } },
  });
  const later = answer({
    places: [8, 9],
    ...{ micros: 3, functions: { a: view }, messages: ["two"], dropped: 2, settled: false },
    ...{ log: [{ level: 4, text: "y" }], memory: { "p[1]": page("3") } },
  });
  expect(mergeAnswers(first, later)).toEqual(
    answer({
      ...{
        result: "EINVAL",
        values: { a: 1 },
        micros: 7,
        functions: { a: view },
        messages: ["one", "two"],
        dropped: 3,
      },
      ...{ settled: false, memory: { "p[0]": page("1"), "p[1]": page("3") } },
      places: [3, 8, 9],
      log: [
        { level: 4, text: "x" },
        { level: 4, text: "y" },
      ],
    }),
  );
});
