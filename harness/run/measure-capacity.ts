import { availableParallelism, freemem } from "node:os";
import { readGroupRoom } from "./read-group-room.ts";
import type { HostCapacity } from "./schedule.ts";

/** What this host has to give at this moment; `readRoom` says what control groups leave of its memory. */
export const measureCapacity = (readRoom: () => number = readGroupRoom): HostCapacity => ({
  cores: availableParallelism(),
  // On Linux this is what is available, caches that can be dropped included.
  availableBytes: Math.min(freemem(), readRoom()),
});
