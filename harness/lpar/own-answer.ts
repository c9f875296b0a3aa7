/** Of what a host's agent answers, what is of the functions of a plan: others work on that machine as well. */
import type { AgentAnswer } from "../agent/answers.ts";
import { findAlarms } from "../agent/alarms.ts";

/** A function, by what the kernel's messages and log call it. */
interface Named {
  readonly fid: number;
  readonly address: string;
}

const messagePattern = /^[a-z]+(?: [a-z]+)? fid:(?<fid>[0-9a-f]+)/u;
/** Lines that may be about any function. */
const logPattern = /vfio|iommu|zpci/iu;

/**
 * The answer without messages of other functions, and without lines of the log that others have made. The first bytes of pages go as
 * well: what a controller says of itself is nobody else's business.
 */
export function keepOwn(answer: AgentAnswer, functions: readonly Named[]): AgentAnswer {
  const isOwnMessage = (line: string): boolean => {
    const fid = messagePattern.exec(line)?.groups?.["fid"];
    return fid === undefined || functions.some((each) => each.fid === Number.parseInt(fid, 16));
  };
  // What surrounds an alarm may explain it.
  const hasAlarm = findAlarms(answer.log.map(({ text }) => text)).length > 0;
  const isOwnLine = (text: string): boolean =>
    hasAlarm || logPattern.test(text) || functions.some(({ address }) => text.includes(address));
  const log = answer.log.filter(({ text }) => isOwnLine(text));
  return {
    ...answer,
    messages: answer.messages.filter(isOwnMessage),
    log,
    dropped: answer.dropped + answer.log.length - log.length,
    memory: Object.fromEntries(
      Object.entries(answer.memory).map(([page, { digest }]) => [page, { digest, head: "" }]),
    ),
  };
}
