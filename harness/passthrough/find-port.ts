import { InfrastructureError } from "../errors/harness-error.ts";
import type { QmpClient } from "../qmp/qmp-client.ts";

/**
 * The port of this machine that leads to an emulated host's SSH server: one that was free when QEMU started, and that only
 * QEMU knows.
 * @throws {InfrastructureError} where QEMU names none
 */
export async function findSshPort(qmp: QmpClient, signal: AbortSignal): Promise<number> {
  const said = String(await qmp.execute("human-monitor-command", { "command-line": "info usernet" }, signal));
  const port = parseForward(said);
  if (port !== null) return port;
  throw new InfrastructureError({ what: "Cannot reach the host: its QEMU forwards no port", cause: new Error(said) });
}

/** The port in what `info usernet` prints: protocol, descriptor, source address and port, destination. */
export function parseForward(text: string): number | null {
  const found = /TCP\[HOST_FORWARD\]\s+\d+\s+127\.0\.0\.1\s+(\d+)\s+\S+\s+22\s/u.exec(text)?.[1];
  const port = Number(found);
  return found === undefined || port < 1 || port > 65535 ? null : port;
}
