/** `zpci-hil/config`: what a `zhil.config.ts` imports. It evaluates nothing. */

/** Which kernels, QEMUs, devices and benches a night has, and how it is run. Everything has a default. */
export interface NightConfig {
  /**
   * Kernels: `lean`, what `zhil run` boots where nobody says; anything `--kernel` takes, such as `lean/6.12`,
   * `debian/6.12` or the path of a bzImage, from the folder of this file. Default: `lean`.
   */
  readonly kernels?: readonly string[];
  /** QEMUs: `newest`, the archive's; one of a version, such as `debian/10.0`; or a program's path. Default: `newest`. */
  readonly qemus?: readonly string[];
  /** Benches: `emulated`, where kernels run; `model`, which has neither kernels nor QEMUs. Default: `emulated`. */
  readonly benches?: readonly ("emulated" | "model")[];
  /**
   * Devices: `written`, every scenario on what it is written for; `virtio-blk`, `igb`, `e1000e`, every scenario with functions that QEMU
   * emulates, on that device in their place. Of the others, only scenarios whose first function is one; `none` for those without
   * a function. Default: `written`.
   */
  readonly devices?: readonly string[];
  /** Parts of the matrix that are left out, each with its reason; what is not named matches everything. */
  readonly exclude?: readonly {
    readonly bench?: string;
    readonly kernel?: string;
    readonly qemu?: string;
    readonly why: string;
  }[];
  /** Scenarios, as `zhil run` selects them. Default: all of the project's. */
  readonly scenarios?: {
    readonly names?: readonly string[];
    readonly tags?: readonly string[];
    readonly without?: readonly string[];
    readonly seeds?: readonly string[];
    /** Folder of scenarios, from the folder of this file. */
    readonly folder?: string;
  };
  /**
   * How often, in all, a scenario runs that failed, or turned since the last night: where its answers differ it is
   * flaky. Default: 3.
   */
  readonly attempts?: number;
  /** How scenarios come to their kernel, as `--boot`. Default: `clone`. */
  readonly boot?: "clone" | "cold" | "shared";
  /** Scenarios at a time. Default: as `zhil run`. */
  readonly jobs?: number;
  /**
   * Kinds of runners that `zhil plan` shares a night among, and what each has; what is not named it has all of. Default:
   * one kind that can do everything.
   */
  readonly runners?: readonly {
    readonly name: string;
    readonly benches?: readonly string[];
    readonly kernels?: readonly string[];
    readonly qemus?: readonly string[];
    readonly devices?: readonly string[];
  }[];
  /** A real host and its functions, for `--bench lpar` (docs/hardware.md); no night uses it. */
  readonly lpar?: {
    /** Its name or address. */
    readonly address: string;
    /** Default: 22. */
    readonly port?: number;
    readonly user: string;
    /** A private key without a passphrase, from the folder of this file. Default: what the agent at SSH_AUTH_SOCK has. */
    readonly key?: string;
    /** The host's own key, as `ssh-keyscan -t ed25519 HOST` prints it: no other is accepted. */
    readonly hostKey: string;
    /** Functions that may be used. No other is ever touched. */
    readonly functions: readonly {
      /** `0x00000220`, as `/sys/bus/pci/devices/…/function_id` has it. */
      readonly fid: string;
      readonly device: "nvme" | "virtio-rng";
      /** Whether the first 256 blocks of its medium may be overwritten: DMA is judged by what it brings. Default: no. */
      readonly overwrite?: boolean;
      /** What does not keep it from being used: that it is mounted, swapped to, held, has an address, or is open. */
      readonly despite?: readonly ("mounted" | "swap" | "held" | "address" | "open")[];
    }[];
    /** Whether root is to be had by `sudo -n sh`. Default: no, `user` is root. */
    readonly sudo?: boolean;
    /** A folder on the host for the agent and the lease. Default: `/var/tmp/zhil`. */
    readonly folder?: string;
    /** QEMU on the host. Default: `/usr/bin/qemu-system-s390x`. */
    readonly qemu?: string;
  };
  /** Folder of nights and of the history, from the folder of this file. Default: `zhil-nights`. */
  readonly out?: string;
  /** Nights whose evidence is kept; the history keeps the results of all. Default: 14. */
  readonly keep?: number;
}

/** Says what a configuration is, so that editors complete and check it. Gives it back as it is. */
export const defineConfig = (config: NightConfig): NightConfig => config;
