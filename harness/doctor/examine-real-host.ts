import { examineHost } from "../lpar/examine-host.ts";
import type { RealHost } from "../lpar/host-config.ts";
import { HostSession } from "../lpar/host-session.ts";
import { judgeHost } from "../lpar/judge-host.ts";
import { describeHost } from "../ssh/ssh-host.ts";
import { failed, fine, type Finding } from "./finding.ts";

/** Looks at a real host by SSH, in the order things are needed; changes nothing there. */
export async function examineRealHost({ host, config }: RealHost, signal: AbortSignal): Promise<readonly Finding[]> {
  using session = new HostSession(host);
  try {
    const client = await session.connect(signal);
    const facts = await examineHost(config, { client, signal });
    return [fine("SSH", describeHost(host)), ...judgeHost(facts, config)];
  } catch (error) {
    signal.throwIfAborted();
    return [failed("SSH", error, "Look whether ssh leads there, and with which key")];
  }
}
