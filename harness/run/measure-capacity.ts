import { availableParallelism, freemem } from "node:os";
import type { HostCapacity } from "./schedule.ts";

/** What this host has to give at this moment. */
export const measureCapacity = (): HostCapacity => ({
  cores: availableParallelism(),
  // On Linux this is what is available, caches that can be dropped included.
  availableBytes: freemem(),
});
