import type { HostView } from "../../src/trace/host-view.ts";
import type { FunctionProfile } from "../../src/trace/profile.ts";
import { findAlarms } from "../agent/alarms.ts";
import type { AgentAnswer } from "../agent/answers.ts";
import { nameMessages } from "../agent/pci-messages.ts";
import { onHost } from "./pass-function.ts";

/** The host's lane, out of what its agent answered. */
export function viewHost(
  { functions, messages, log }: Pick<AgentAnswer, "functions" | "messages" | "log">,
  profiles: readonly FunctionProfile[],
): HostView {
  const views = Object.entries(functions).map(([name, { driver, handle, counters }]) => {
    const [mapped, unmapped] = counters ?? [];
    const pages = mapped === undefined || unmapped === undefined ? null : mapped - unmapped;
    const enabled = handle === null ? null : ((BigInt(handle) >> 31n) & 1n) === 1n;
    return [name, { driver, enabled, pages }] as const;
  });
  return {
    functions: Object.fromEntries(views),
    messages: nameMessages(messages, profiles.map(onHost)),
    alarms: findAlarms(log.map(({ text }) => text)),
  };
}
