/** What ci/setup starts once the project is built: QEMU, kernel and agent. */
import { describeError } from "../errors/describe-error.ts";
import { listenForInterrupt } from "../lifecycle/listen-for-interrupt.ts";
import { findCacheRoot } from "./cache.ts";
import { prepareAssets } from "./prepare-assets.ts";
import { printProgress } from "./print-progress.ts";

// What was published is whole and what was not is removed: there is nothing to do at once on a second signal.
using interruption = listenForInterrupt(() => undefined);

try {
  const { qemu, kernel } = await prepareAssets({
    update: process.argv.includes("--update"),
    report: printProgress(process.stderr),
    signal: interruption.signal,
  });
  process.stderr.write(`Ready: QEMU ${qemu.version}, Linux ${kernel.version}, cache ${findCacheRoot()}\n`);
} catch (error) {
  process.stderr.write(`${describeError(error).join("\n  ")}\n`);
  process.exitCode = 2;
}
