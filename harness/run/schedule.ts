/** How many scenarios at a time. */

/** What a machine may take while it runs: its RAM touched, QEMU itself, and the sums of its pages. */
const machineBytes = { clone: 128 * 2 ** 20, cold: 640 * 2 ** 20 };

/** What decides how many machines run side by side. */
export interface HostCapacity {
  readonly cores: number;
  /** Bytes that programs can have without anything being swapped out. */
  readonly availableBytes: number;
}

/**
 * Scenarios at a time where nobody says: two for each core, for a function reset has the kernel wait 100 ms in which its
 * core is free; fewer where half of the memory that is available would not do.
 */
export function defaultJobs({ cores, availableBytes }: HostCapacity, boot: "clone" | "cold" | "shared"): number {
  const fitting = Math.floor(availableBytes / 2 / machineBytes[boot === "cold" ? "cold" : "clone"]);
  return Math.max(1, Math.min(cores * 2, fitting));
}

/** Machines that come up for a worker beyond which more gain nothing: two are quicker to come than one scenario is done. */
const aheadLimit = 2;

/**
 * Whether a worker that has so many machines ahead of their turn may start another. One may come up for every worker, a
 * second where cores outnumber the workers; under memory pressure none does, and the run goes on.
 */
export const hasRoomAhead = ({ cores, availableBytes }: HostCapacity, ahead: number, workers: number): boolean =>
  ahead < Math.min(aheadLimit, Math.ceil(cores / workers)) && availableBytes >= 4 * machineBytes.clone;
