/** The profile: what a trace was recorded on, and all that the model may depend on. */

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
  readonly uid: number;
  readonly fid: number;
}

/** The emulated devices a scenario may ask for. A witness is a function of ours: it does DMA when the harness tells it. */
export const deviceKinds = ["nvme", "virtio-rng", "witness"] as const;

/** One of the emulated devices. */
export type DeviceKind = (typeof deviceKinds)[number];

/** Whether the device end of a function is ours, so that it can be asked what it was told. */
export const isServed = ({ device }: Pick<FunctionProfile, "device">): boolean => device === "witness";

/** Everything a prediction may depend on. */
export interface Profile {
  readonly bench: "model" | "emulated";
  readonly kernel: Component & {
    /** Options set to y or m, without the `CONFIG_` prefix. */
    readonly options: readonly string[];
    /** Kernel command line. */
    readonly commandLine: string;
    /** Patches applied over the source, by name. */
    readonly patches: readonly string[];
  };
  readonly qemu: Component;
  /** RAM of the host in MiB: the DMA aperture follows from it. */
  readonly memoryMiB: number;
  readonly cpus: number;
  readonly functions: readonly FunctionProfile[];
  /** Scenarios that the same booted kernel ran before, oldest first; absent where it was pristine. */
  readonly kernelUsedBy?: readonly string[];
}
