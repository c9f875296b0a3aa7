/** Devices that an NVMe may be exchanged for. */
export const exchangeable = ["witness"] as const;
