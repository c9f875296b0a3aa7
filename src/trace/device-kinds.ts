/** The devices that a function of a scenario may be. */

/** A reset of a function's own, before its slot is asked (drivers/pci/pci.c, pci_reset_fn_methods, and its order). */
export type OwnReset = "flr" | "pm";

/** Queues by which a device does DMA for whoever sets them up, in pages of the function's own (docs/agent-protocol.md). */
interface Queues {
  /** The page from which it fetches what moves data, and that in which it answers. */
  readonly io: readonly [bigint, bigint];
  /** Where a page of data is refused it goes on: with zeros for what it could not read, and with a second try to write. */
  readonly goesOn: boolean;
}

/** What is known of a kind of device. */
interface DeviceTraits {
  /** The device end is ours: this process serves it, so it can be asked what it was told. */
  readonly served: boolean;
  /** It does the DMA of `dma-write` and `dma-read` itself, without a driver in the guest. */
  readonly doesDma: boolean;
  /** Its queues, whose commands are fetched and answered by DMA, too; null where it has none that somebody here can drive. */
  readonly queues: Queues | null;
  /** It is not there from the start: the operation `plug` is about what becomes of it. */
  readonly pluggedLate: boolean;
  /** Resets of its own, in the kernel's order. */
  readonly resets: readonly OwnReset[];
  /** Whether it is PCI Express. */
  readonly isExpress: boolean;
  /** Whether its first BAR is there. */
  readonly hasFirstBar: boolean;
  /** First QEMU that has it on s390x. */
  readonly since: string;
}

/**
 * Of QEMU's own. What is PCI Express is there since its s390x has such devices.
 * Ground of the resets: drivers/pci/pci.c, pcie_reset_flr wants the FLR capability, pci_pm_reset a power management capability without
 * No_Soft_Reset, and drivers/pci/quirks.c, pci_dev_reset_methods, knows none of these devices.
 */
const emulated = {
  ...{
    served: false,
    doesDma: false,
    queues: null,
    pluggedLate: false,
    resets: [],
    isExpress: false,
    hasFirstBar: true,
  },
  since: "10.0",
} as const satisfies DeviceTraits;

/**
 * Virtio begins with its second BAR where it has no legacy interface, and has neither PCI Express nor power management on a root bus.
 * Ground: QEMU hw/virtio/virtio-pci.c, virtio_pci_realize.
 */
const virtio = { ...emulated, hasFirstBar: false, since: "2.11" } as const;

/** Ours come by vfio-user-pci, and have what the definition says: no capability but MSI-X. */
const instrument = { ...emulated, served: true, doesDma: true, since: "10.1" } as const satisfies DeviceTraits;
const broken = { ...instrument, pluggedLate: true } as const satisfies DeviceTraits;

/**
 * Of a card whose frames come back to it: it reads one page and writes another, and drops a frame that it has no descriptor for.
 * Ground: QEMU hw/net/e1000e_core.c, e1000e_write_packet_to_guest, and igb_core.c: out of reach, descriptors read as zeros, which are passed over.
 */
const rings: Queues = { io: [0n, 1n], goesOn: false };

const kinds = {
  /** QEMU hw/nvme/ctrl.c, nvme_init_pci: FLR; nvme_add_pm_capability: No_Soft_Reset; system/physmem.c, address_space_map: bounces. */
  nvme: { ...emulated, queues: { io: [2n, 3n], goesOn: true }, resets: ["flr"], isExpress: true },
  "virtio-rng": virtio,
  /** QEMU hw/virtio/virtio.c, virtqueue_split_pop: the descriptor behind a refused page cannot be read, so the device is broken. */
  "virtio-blk": { ...virtio, queues: { io: [0n, 1n], goesOn: false } },
  /** QEMU hw/net/igb.c, igb_pci_realize: FLR; igb_add_pm_capability: no No_Soft_Reset. */
  igb: { ...emulated, queues: rings, resets: ["flr", "pm"], isExpress: true },
  /** QEMU hw/net/e1000e.c, e1000e_pci_realize: no FLR; e1000e_add_pm_capability: no No_Soft_Reset. */
  e1000e: { ...emulated, queues: rings, resets: ["pm"], isExpress: true },
  /** Does DMA when it is told to. */
  witness: instrument,
  /** A witness that takes its time for every answer. */
  slow: instrument,
  /** A witness that keeps a DMA it is told to do until it is told once more. */
  late: instrument,
  /** A witness that can do DMA without end, too. */
  stormer: instrument,
  /** A witness that can break the protocol, too. */
  rude: instrument,
  "broken-no-msix": broken,
  "broken-vendor": broken,
  "broken-bar-size": broken,
  "broken-hangs": broken,
  "broken-dies": broken,
  /** A function that the scenario brings along: what it does is its own affair. */
  own: { ...instrument, doesDma: false },
} as const satisfies Readonly<Record<string, DeviceTraits>>;

/** One of the devices. */
export type DeviceKind = keyof typeof kinds;

/** The devices that a scenario names; one of its own it names by the path of a module. */
export const deviceNames = Object.keys(kinds).filter((kind): kind is Exclude<DeviceKind, "own"> => kind !== "own");

/** What is known of a function's device. */
export const traitsOf = ({ device }: { readonly device: DeviceKind }): DeviceTraits => kinds[device];

/** Whether the device end of a function is ours. */
export const isServed = (fn: { readonly device: DeviceKind }): boolean => traitsOf(fn).served;
