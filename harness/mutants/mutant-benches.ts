/** The kernels a mutation run boots. */
import type { ReportProgress } from "../assets/progress.ts";
import { prepareAssets } from "../assets/prepare-assets.ts";
import { buildPatchedKernel } from "../kernel/build-patched-kernel.ts";
import { spellFlavourName } from "../kernel/flavour.ts";
import type { Bench } from "../run/bench.ts";
import type { BootKind } from "../run/boot-kinds.ts";
import { openBenchOn } from "../run/emulated-bench.ts";

/** Opens benches for a mutation run. */
export interface MutantBenches {
  /** The kernel as its authors wrote it. */
  readonly openUnpatched: () => Promise<Bench>;
  /**
   * The kernel with a patch.
   * @throws {InfrastructureError} where the patch does not apply or the kernel does not build
   */
  readonly openPatched: (patch: string) => Promise<Bench>;
}

/** How the kernels are made. */
export interface MutantBenchOptions {
  /** What the kernels have on top of the lean one, such as `kasan`. */
  readonly flavour?: string | null;
  /** A QEMU to use instead of the prepared one. */
  readonly qemu: string | null;
  /** How scenarios come to a mutant's kernel: a template pays only where many of them follow. */
  readonly boot: BootKind;
  readonly report: ReportProgress;
  readonly signal: AbortSignal;
}

/**
 * Benches on the lean kernel of the project, patched and not.
 * @throws {InfrastructureError} where QEMU or kernel cannot be had
 */
export async function prepareMutantBenches(options: MutantBenchOptions): Promise<MutantBenches> {
  const { qemu, flavour = null, boot, report, signal } = options;
  const named = flavour === null ? null : spellFlavourName(flavour);
  const chosen = qemu === null ? [] : ["--qemu", qemu];
  // Dozens of kernels: that one is being built is said by who asked for it.
  const quiet: ReportProgress = (progress) => {
    if (progress.kind === "note") report(progress);
  };
  const assets = await prepareAssets({
    ...(named === null ? {} : { kernel: named }),
    ...(qemu === null ? {} : { qemu }),
    ...{ report, signal },
  });
  return {
    openUnpatched: () =>
      openBenchOn(assets, [...(named === null ? [] : ["--kernel", named]), ...chosen], {
        boot: "clone",
        report,
        signal,
      }),
    openPatched: async (patch) => {
      const kernel = await buildPatchedKernel({
        ...(flavour === null ? {} : { flavour }),
        ...{ patches: [patch], report: quiet, signal },
      });
      const options = ["--kernel", kernel.image, ...chosen];
      return openBenchOn({ ...assets, kernel }, options, { boot, report: quiet, signal });
    },
  };
}
