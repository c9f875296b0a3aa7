/** What a reproducer's agent is to do: requests, lines that it prints as they are, and lines for a debugger. */
import { predict } from "../../src/model/model.ts";
import type { QuirkName } from "../../src/model/quirks.ts";
import type { Operation } from "../../src/operation/operation.ts";
import type { Plan } from "../../src/plan/plan.ts";
import { describeOperation } from "../report/describe-operation.ts";
import { describeToAgent } from "../target/describe-to-agent.ts";
import { takesAway } from "../target/perform-event.ts";
import { debuggerBegin, debuggerEnd, debuggerLine, debuggerSymbols } from "./debugger-lines.ts";
import { describeExpectation } from "./describe-expectation.ts";
import { needsDebugger } from "./find-hindrance.ts";

/** Milliseconds that the kernel is given to find a function. */
const findLimit = 10_000;

const request = (op: string, fields: object): string => JSON.stringify({ op, ...fields });

/** The operations of a plan, beside what is expected of them by the contract and by an implementation with these quirks. */
export function describeOperations(plan: Plan, summary: string, quirks: ReadonlySet<QuirkName>): string {
  const contract = predict(plan);
  const known = predict(plan, quirks);
  return [
    `# ${plan.scenario}: ${summary}`,
    "#",
    "# Lines with # say what is done and what is expected, the others what came of it. Counters: pages mapped, pages unmapped,",
    "# global RPCITs, RPCITs of maps, RPCITs of unmaps. Memory: the digest (FNV-1a) and the first bytes of pages that changed.",
    "#",
    "# making ready",
    ...plan.functions.map((each) => request("define-function", { ...describeToAgent(each), wait: findLimit })),
    ...plan.buffers.map((each) => request("define-buffer", { buffer: each.name, pages: each.pages })),
    ...(needsDebugger(plan) ? [request("find-symbols", { symbols: debuggerSymbols(plan) }), debuggerBegin] : []),
    ...plan.steps.flatMap(({ operation }, index) => {
      const [expected, deviating] = [contract[index], known[index]];
      const told = debuggerLine(operation, plan);
      return [
        "#",
        `# ${index + 1}  ${describeOperation(operation)}`,
        ...(expected === undefined || deviating === undefined
          ? []
          : describeExpectation(expected.expectation, deviating.expectation).map((line) => `#    ${line}`)),
        ...(told === null ? [requestOf(operation)] : [told, requestOf(operation), debuggerEnd]),
      ];
    }),
    "# done",
    "",
  ].join("\n");
}

/** What the agent is asked for: it knows of no debugger. */
function requestOf(operation: Operation): string {
  const { op, during, answers: _, ...fields } = operation;
  if (operation.op === "event") return request(op, takesAway(operation));
  // What a debugger does inside it may raise an event, which is handled where the operation sleeps.
  return request(op, during === undefined ? fields : { ...fields, ahead: true });
}
