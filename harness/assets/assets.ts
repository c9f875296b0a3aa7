/** What a run needs beside the project itself: a QEMU, a kernel, the agent in an initramfs. All of it lies in the cache. */
import type { QemuCommand } from "../qemu/qemu-command.ts";
import type { ReportProgress } from "./progress.ts";

/** Where something came from: named by the user, found on this machine, or had from the archive. */
export type Origin = "given" | "system" | "archive";

/** A QEMU for s390x, ready to be started. */
export interface Qemu extends QemuCommand {
  /** As `--version` reports it, such as `11.1.3`. */
  readonly version: string;
  /** `sha256:…` of the program. */
  readonly digest: string;
  readonly origin: Origin;
}

/** A kernel, ready to be booted. */
export interface Kernel {
  /** Path of the bzImage. */
  readonly image: string;
  /** Path of the ELF file the image was made of, null where a kernel was given without it. */
  readonly vmlinux: string | null;
  /** Release as `uname -r` gives it, such as `7.2.13`. */
  readonly version: string;
  /** `sha256:…` of the image. */
  readonly digest: string;
  /** Options set to y or m, without the `CONFIG_` prefix, sorted; empty where a given kernel does not tell. */
  readonly options: readonly string[];
  /** Names of the patches applied over the source, in order. */
  readonly patches: readonly string[];
  /** What is on top of the lean kernel, such as `kasan`. */
  readonly flavour?: string;
  /** What reads the counts of one that counts how often its lines run, such as `lean/gcov`. */
  readonly coverage?: KernelCoverage;
  readonly origin: Origin;
  /** Only of one that was had ready made from the archive. */
  readonly readyMade?: ReadyMade;
}

/** What belongs to a kernel that counts how often the lines of some files run. */
export interface KernelCoverage {
  /** Paths of the files below the root of the source. */
  readonly files: readonly string[];
  /** Folder that the kernel was built in: it names its counts after it. */
  readonly objects: string;
  /** Folder that holds those files, and beside each what the compiler noted of it. */
  readonly folder: string;
}

/** What is known of a ready-made kernel beside the kernel itself. */
export interface ReadyMade {
  /** What asks for exactly this one where a kernel is named, such as `debian/6.12.107-1`. */
  readonly name: string;
  /** Archive of its modules that the agent loads, null where it needs none. */
  readonly modules: Initramfs | null;
}

/** An archive that the kernel unpacks as its first root: the agent as `/init`, and modules where the kernel has some. */
export interface Initramfs {
  readonly path: string;
  /** `sha256:…` of the file. */
  readonly digest: string;
}

/** Everything a run on the `emulated` bench needs. */
export interface Assets {
  readonly qemu: Qemu;
  readonly kernel: Kernel;
  readonly initramfs: Initramfs;
  /** Path of the program that raises interrupts for functions that are served here. */
  readonly relay: string;
}

/** How assets are prepared. */
export interface PrepareOptions {
  /** A QEMU to use as it is, as ZHIL_QEMU names one. */
  readonly qemu?: string;
  /** A bzImage to use as it is, or a name: `debian/6.12` for a ready-made kernel, `lean/kasan` for a flavour; as ZHIL_KERNEL gives one. */
  readonly kernel?: string;
  /** Asks the archive again even where the cache has an answer from earlier. */
  readonly update?: boolean;
  /** Told of everything that takes time. */
  readonly report: ReportProgress;
  readonly signal: AbortSignal;
}
