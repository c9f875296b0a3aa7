/** What a test's machine is to have. */
export interface MachineOptions {
  /** Devices by the function's name, such as `{ a: "nvme" }`. */
  readonly functions: Readonly<Record<string, string>>;
  /** Pages by the buffer's name. */
  readonly buffers: Readonly<Record<string, number>>;
  /** What the kernel's command line has besides, such as `iommu.strict=1`; each different list costs a boot. */
  readonly kernelParameters: readonly string[];
  /** Whether functions that this process serves are to raise interrupts. */
  readonly interrupts: boolean;
}
