/** The profile: what a trace was recorded on, and all that the model may depend on. */

import type { DeviceKind } from "./device-kinds.ts";
import type { HostBackend } from "./host-view.ts";

/** A kernel or QEMU: its version as it reports it, and the digest of the image that ran. */
export interface Component {
  readonly version: string;
  /** `sha256:…`, or `none` where nothing ran (the model). */
  readonly digest: string;
}

/** A function of a scenario as the bench provides it. */
export interface FunctionProfile {
  readonly name: string;
  readonly device: DeviceKind;
  /** Path of the module that is the function, where its device is `own`. */
  readonly module?: string;
  readonly uid: number;
  readonly fid: number;
}

/** The host of a guest. */
export interface HostProfile {
  readonly kernel: Component;
  /** The QEMU that the host itself runs in; null where it is real. */
  readonly qemu: Component | null;
  readonly backend: HostBackend;
  /** How many mappings a container may have; the kernel's usual number where absent. */
  readonly dmaEntryLimit?: number;
}

/** What a platform says of its functions, where it is not the QEMU that this project starts. */
export interface Platform {
  /** First and last IOVA that the kernel registers for a function, hexadecimal. */
  readonly aperture: { readonly first: string; readonly last: string };
  /** Whether it wants an RPCIT for what becomes valid, as hypervisors that shadow tables do and a bare LPAR does not. */
  readonly refresh: boolean;
}

/** Everything a prediction may depend on. */
export interface Profile {
  readonly bench: "model" | "emulated" | "passthrough" | "lpar";
  readonly kernel: Component & {
    /** Options set to y or m, without the `CONFIG_` prefix. */
    readonly options: readonly string[];
    /** Kernel command line. */
    readonly commandLine: string;
    /** Patches applied over the source, by name. */
    readonly patches: readonly string[];
  };
  readonly qemu: Component;
  /** The host whose functions are passed through to the kernel above, which is then a guest's, and `qemu` that guest's. */
  readonly host?: HostProfile;
  /** What a real host is a guest of, as it says itself, and what executes its zPCI then: `KVM/Linux`; absent where it is none's. */
  readonly hypervisor?: string;
  /** Of functions that were there before; absent where QEMU says what it says of each of its own. */
  readonly platform?: Platform;
  /** RAM of the host in MiB: the DMA aperture follows from it, where the platform does not tell. */
  readonly memoryMiB: number;
  readonly cpus: number;
  /** QEMU's machine, such as `s390-ccw-virtio-9.2`; its newest where absent. */
  readonly machine?: string;
  readonly functions: readonly FunctionProfile[];
  /** Scenarios that the same booted kernel ran before, oldest first; absent where it was pristine. */
  readonly kernelUsedBy?: readonly string[];
}
