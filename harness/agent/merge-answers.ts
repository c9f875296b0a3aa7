import type { AgentAnswer } from "./answers.ts";

/** The answer to an operation with what a later look showed besides: what changed meanwhile belongs to the operation. */
export function mergeAnswers(answer: AgentAnswer, later: AgentAnswer): AgentAnswer {
  const places = [...(answer.places ?? []), ...(later.places ?? [])];
  return {
    ...answer,
    ...(places.length === 0 ? {} : { places }),
    functions: later.functions,
    messages: [...answer.messages, ...later.messages],
    log: [...answer.log, ...later.log],
    dropped: answer.dropped + later.dropped,
    settled: answer.settled && later.settled,
    memory: { ...answer.memory, ...later.memory },
  };
}
