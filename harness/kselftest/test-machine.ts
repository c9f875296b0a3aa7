/** A machine that runs the programs of its initramfs, one at a time. */

/** A program to run in a guest. */
export interface ProgramCall {
  /** Path in the guest. */
  readonly program: string;
  readonly arguments: readonly string[];
  /** Milliseconds until it is killed, before ZHIL_TIME_SCALE. */
  readonly limit: number;
}

/** How a program ended; what a guest says is escaped. */
export type ProgramEnd =
  | {
      readonly kind: "ended";
      /** Its exit code, null where a signal ended it. */
      readonly exit: number | null;
      readonly signal: number | null;
      /** It was killed at its limit. */
      readonly late: boolean;
      readonly output: string;
      /** Bytes of output that were not kept. */
      readonly dropped: number;
      /** What the kernel said meanwhile that none says in health. */
      readonly alarms: readonly string[];
    }
  | {
      /** The kernel panicked, or does not let go of the program. */
      readonly kind: "panic" | "hang";
      readonly alarms: readonly string[];
      /** The console's end. */
      readonly console: string;
    };

/** A machine that nobody else uses. */
export interface TestMachine extends AsyncDisposable {
  /**
   * Runs a program to its end.
   * @throws {HarnessError} where no answer was had; the machine is of no use then, nor after a panic or a hang
   */
  run(call: ProgramCall, signal: AbortSignal): Promise<ProgramEnd>;
}

/** Where tests are run. */
export interface TestBench extends AsyncDisposable {
  /** Kernel and QEMU in one line. */
  readonly title: string;
  readonly kernel: {
    readonly version: string;
    readonly digest: string;
    /** Options set to y or m; empty where the kernel does not tell. */
    readonly options: readonly string[];
  };
  readonly qemu: { readonly version: string; readonly digest: string };
  /** Words of a `zhil` command line that ask for the same kernel and QEMU. */
  readonly options: readonly string[];
  /** @throws {HarnessError} where QEMU cannot start or the kernel does not boot */
  take(signal: AbortSignal): Promise<TestMachine>;
}
