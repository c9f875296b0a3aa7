/** What ci/setup starts once the project is built: QEMU, kernel and agent. */
import { describeError } from "../errors/describe-error.ts";
import { InterruptedError } from "../errors/harness-error.ts";
import { findCacheRoot } from "./cache.ts";
import { prepareAssets } from "./prepare-assets.ts";
import { printProgress } from "./print-progress.ts";

const interrupted = new AbortController();
for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.once(name, () => {
    interrupted.abort(new InterruptedError({ what: `Setting up was interrupted by ${name}` }));
  });
}

try {
  const { qemu, kernel } = await prepareAssets({
    update: process.argv.includes("--update"),
    report: printProgress(process.stderr),
    signal: interrupted.signal,
  });
  process.stderr.write(`Ready: QEMU ${qemu.version}, Linux ${kernel.version}, cache ${findCacheRoot()}\n`);
} catch (error) {
  process.stderr.write(`${describeError(error).join("\n  ")}\n`);
  process.exitCode = 2;
}
