import { UsageError } from "../errors/harness-error.ts";
import { locateRealHost, type RealHost } from "../lpar/host-config.ts";
import { loadConfig } from "../nightly/load-config.ts";
import { readVariable, type Io } from "./io.ts";

/**
 * The real host that a configuration describes.
 * @throws {UsageError} where it describes none, or keys cannot be read
 */
export async function readRealHost(given: string | null, io: Io): Promise<RealHost> {
  const { config, file, folder } = await loadConfig(given, io.workingFolder);
  if (config.lpar === undefined) {
    throw new UsageError({
      what: `The configuration "${file}" describes no host`,
      remedy: 'Give it a part "lpar", as docs/hardware.md says',
    });
  }
  const host = await locateRealHost(config.lpar, folder, readVariable(io, "SSH_AUTH_SOCK"));
  return { host, config: config.lpar, options: given === null ? [] : ["--config", given] };
}
