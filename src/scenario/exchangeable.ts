/** Devices that those of a scenario may be exchanged for where it says so: a witness for an NVMe, and an NVMe for a witness. */
export const exchangeable = ["witness", "nvme"] as const;

/** Devices of QEMU's that scenarios are put on where somebody asks for it: NAME@DEVICE. */
export const exchangeTargets = ["virtio-blk", "igb", "e1000e"] as const;

/** What a scenario may ask of the devices that it is put on, beyond what its operations imply. */
export const deviceNeeds = ["no-first-bar", "own-reset"] as const;

/** One of these. */
export type DeviceNeed = (typeof deviceNeeds)[number];

/** One of these. */
export type ExchangeTarget = (typeof exchangeTargets)[number];
