/** What the host of a guest shows that has functions passed through: the lane beside the guest's own. */

/** By what a guest's QEMU may have a function on its host: iommufd, or a container and group of VFIO's own. */
export const hostBackends = ["iommufd", "container"] as const;

/** One of those. */
export type HostBackend = (typeof hostBackends)[number];

/** A passed-through function as its host sees it. */
export interface HostFunctionView {
  /** Name of the bound driver, null without one. */
  readonly driver: string | null;
  /** Bit 31 of the function handle; null where the function is not there. */
  readonly enabled: boolean | null;
  /** Pages that the host has mapped for it now; null where nobody has it open. */
  readonly pages: number | null;
}

/** The host's lane of an observation. */
export interface HostView {
  /** Every function of the scenario, by name. */
  readonly functions: Readonly<Record<string, HostFunctionView>>;
  /** New zPCI messages of the host's kernel, in order. */
  readonly messages: readonly string[];
  /** Lines of the host's kernel log that no healthy kernel prints. */
  readonly alarms: readonly string[];
}
