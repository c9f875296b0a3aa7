/**
 * Points: places inside an operation, named for what is the case there and not for a kernel's functions, so that a scenario
 * says what it means on every kernel. At a point the host stands still and a function does DMA.
 */
/** Every point, with what is the case there. */
export const points = {
  "before-invalidate": "The unmap has begun; the table's entries are still valid",
  "before-flush": "The table's entries are changed; the function has not been told by RPCIT",
  "after-flush": "The function's RPCIT has ended; the operation has not",
  "before-unregister": "The function is off its domain's list of functions to flush; its table is still registered",
  "after-unregister": "No table is registered with the function",
  "before-register": "No table is registered with the function, the new one is about to be",
  "after-register":
    "The new table is registered, as far as the kernel was told; the function is not on its domain's list yet",
  "before-reset": "The reset was asked for; nothing was done to the function",
  "before-disable": "The command register is saved and cleared; the function is still enabled",
  "after-disable": "The function is disabled",
  "before-enable": "The function is disabled, and about to be enabled again",
  "after-enable": "The function is enabled again; no table is registered with it",
} as const;

/** The name of a point. */
export type PointName = keyof typeof points;

/** Every point's name. */
export const pointNames = Object.keys(points) as PointName[];
