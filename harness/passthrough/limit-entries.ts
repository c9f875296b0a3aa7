import { InfrastructureError } from "../errors/harness-error.ts";
import { escapeText } from "../report/escape.ts";
import type { SshClient } from "../ssh/ssh-client.ts";

const parameter = "/sys/module/vfio_iommu_type1/parameters/dma_entry_limit";
/** Milliseconds for the host to take it. */
const limit = 30_000;

/**
 * Has containers that the host makes from now on have so many entries.
 * @throws {InfrastructureError} where it does not
 */
export async function limitEntries(client: SshClient, entries: number, signal: AbortSignal): Promise<void> {
  const command = ["/usr/bin/busybox", "tee", parameter] as const;
  const { code, stderr } = await client.run(command, { signal, limit, input: `${entries}\n` });
  if (code === 0) return;
  throw new InfrastructureError({
    what: `Cannot limit the host's containers to ${entries} entries: ${escapeText(stderr).trim()}`,
  });
}
