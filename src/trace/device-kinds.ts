/** The devices that a function of a scenario may be. */

/** What is known of a kind of device. */
interface DeviceTraits {
  /** The device end is ours: this process serves it, so it can be asked what it was told. */
  readonly served: boolean;
  /** It does the DMA of `dma-write` and `dma-read` itself, without a driver in the guest. */
  readonly doesDma: boolean;
  /** It is not there from the start: the operation `plug` is about what becomes of it. */
  readonly pluggedLate: boolean;
}

const emulated: DeviceTraits = { served: false, doesDma: false, pluggedLate: false };
const instrument: DeviceTraits = { served: true, doesDma: true, pluggedLate: false };
const broken: DeviceTraits = { served: true, doesDma: true, pluggedLate: true };

const kinds = {
  nvme: emulated,
  "virtio-rng": emulated,
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
