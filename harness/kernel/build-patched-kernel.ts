import type { Kernel } from "../assets/assets.ts";
import type { ReportProgress } from "../assets/progress.ts";
import { InfrastructureError } from "../errors/harness-error.ts";

/** A kernel to build from the source of the lean kernel, changed by patches. */
export interface PatchedKernelOptions {
  /** Paths of unified diffs (`-p1`), applied in order. */
  readonly patches: readonly string[];
  readonly report: ReportProgress;
  readonly signal: AbortSignal;
}

/**
 * The lean kernel with patches applied: built incrementally from the unpatched one, cached by content. The patched
 * source exists only during the build. One build at a time per machine; others wait.
 * @throws {InfrastructureError} where a patch does not apply (naming the hunk) or the build fails (naming the first error)
 */
export function buildPatchedKernel(options: PatchedKernelOptions): Promise<Kernel> {
  options.signal.throwIfAborted();
  return Promise.reject(new InfrastructureError({ what: "Cannot build a kernel: this build has no preparation yet" }));
}
