/** The state of a modelled host: plain data, copied at every step. */
import { between, type Pattern } from "../compare/pattern.ts";
import type { OwnReset } from "../trace/device-kinds.ts";
import type { FunctionProfile } from "../trace/profile.ts";
import type { Offer } from "../zpci/aperture.ts";
import type { MockObject } from "./mock-state.ts";

/** A number the kernel's code fixes only to a range. */
export interface Bounds {
  low: number;
  high: number;
}

/** Counters of a domain (drivers/iommu/s390-iommu.c, struct zpci_iommu_ctrs). */
export interface Counters {
  mapped: Bounds;
  unmapped: Bounds;
  globalRpcits: Bounds;
  syncMapRpcits: Bounds;
  syncRpcits: Bounds;
}

/** One translation: what an IOVA page stands for. */
export interface Translation {
  /** Buffer page such as `p[0]`. */
  page: string;
  read: boolean;
  write: boolean;
}

/** A paging domain: a translation table and the functions registered with it, newest first. */
export interface Domain {
  table: Map<bigint, Translation>;
  members: string[];
  counters: Counters;
  /** Last IOVA that the table reaches. */
  last: bigint;
}

/** A mapping of an IOAS or container. */
export interface Area {
  iova: bigint;
  length: bigint;
  buffer: string;
  /** Offset of the first byte in the buffer. */
  offset: bigint;
  read: boolean;
  write: boolean;
  /** Whether the pages themselves may be written, which a copy cannot widen. */
  writable: boolean;
  /** The map that handed the memory over, by number; copies have that of what they are copied from. */
  origin?: number;
}

/** IOVAs that may not be mapped, and on whose behalf. */
export interface Reservation {
  owner: string;
  first: bigint;
  last: bigint;
  /** The kernel does not think of it (quirk `aperture-top-offered`). */
  overlooked?: true;
}

/** An IOAS. */
export interface Ioas {
  kind: "ioas";
  iommufd: string;
  areas: Area[];
  reserved: Reservation[];
  /** What the user keeps for IOVAs that the kernel chooses; everything where absent. */
  allowed?: Reservation[];
  /** HWPTs that have its mappings, in the order in which the kernel goes through them. */
  tables: string[];
  hugePages: boolean;
}

/** A paging HWPT. */
export interface Hwpt {
  kind: "hwpt";
  iommufd: string;
  ioas: string;
  /** Made by an attach to the IOAS, gone with its last function. */
  auto: boolean;
  domain: string;
}

/** A type1 container. */
export interface Container {
  iommuSet: boolean;
  domain: string | null;
  areas: Area[];
  groups: string[];
}

/** DMA that goes on while the host works. */
export interface Storm {
  iova: bigint;
  pages: number;
  block: number;
  /** Whether any of it was refused so far; unknown where that is a matter of timing. */
  refused: boolean | "unknown";
}

/** The device end of a function, where it is ours. */
export interface DeviceEnd {
  /** The hypervisor talks to it. */
  connected: boolean;
  /** It died, and its server is there again. */
  returned: boolean;
  /** It vanishes when it is told of one. */
  diesAt: "map" | "unmap" | null;
  /** DMA that it was told to do and keeps. */
  held: { readonly iova: bigint; readonly block: number; readonly access: "read" | "write" } | null;
  storm: Storm | null;
  /** Nobody can say what it may reach: recovery after recovery may have ended in a reset. */
  uncertain: boolean;
}

/** A function in the hands of the kernel's own driver. */
export interface Driven {
  /** Counters of the group's default domain. */
  counters: Counters;
  /**
   * Its flush queue: none where it is strict, empty, with pages that wait for a flush, or whatever the driver's probe left in
   * it, of which nobody knows when it is flushed.
   */
  queue: "none" | "empty" | "waiting" | "unknown";
  /** What is known of the time since the first transfer after a flush was waited for; null where there was none. */
  sinceTransfer: "timer" | "unknown" | null;
}

/** A function on the host of the guest that has it. */
export interface Outside {
  there: boolean;
  driver: "vfio-pci" | null;
  /** The guest's QEMU has it. */
  open: boolean;
  resetMethod: "default" | "flr" | "bus";
  /** Pages that the host's kernel has mapped and the host's own hypervisor does not know any more (quirk `shadow-by-rpcit`). */
  hidden: bigint[];
  /** The host wants it back from who holds it in the guest: waits for that, or that it was let go of is on its way. */
  wanted: "no" | "waits" | "comes";
  /** The guest's own driver had it with this table: what it unmapped may wait for a flush. */
  used: boolean;
}

/** A function, its driver, its VFIO side and its hardware side. */
export interface ModelFunction {
  profile: FunctionProfile;
  /** Its device is there. */
  plugged: boolean;
  end: DeviceEnd;
  configured: boolean;
  /** Its slot is on, but the PCI core does not have it. */
  removed: boolean;
  /** The hypervisor wants it back: asked for it, and got it. */
  unplugged: "no" | "asked" | "gone";
  /** What the kernel was told by an event, and does when VFIO's user lets go of the function. */
  leaves: "deconfigured" | "lost" | null;
  /** What the kernel takes it for, though the hypervisor has it configured; null where the two agree. */
  takenFor: "standby" | "unknown" | null;
  /** What the platform said of it when the kernel first asked. */
  offer: Offer;
  /** It is being taken from the PCI core, which waits for its VFIO device to be closed. */
  removing: boolean;
  /** It is disabled on the platform: no handle that is good for anything but enabling it. */
  disabled: boolean;
  driver: string | null;
  /** What the kernel's own driver does with it, where it has it. */
  driven: Driven | null;
  /** How a VFIO device descriptor is open. */
  open: "no" | "cdev" | "group";
  /** VFIO has opened the device: bound to an iommufd, or taken from its group. */
  inUse: boolean;
  /** Its measurement block was registered when VFIO opened it. */
  measured: boolean;
  iommufd: string | null;
  /** It had an id in an iommufd, which is nobody else's yet. */
  hasStaleId: boolean;
  hwpt: string | null;
  /** It was attached as its PASID 0, which VFIO takes for another attachment than its own. */
  asPasid?: boolean;
  group: { open: boolean; container: string | null };
  resetMethod: "default" | "flr" | "bus" | "pm";
  /** Resets of its own that it is known to have. */
  resets: readonly OwnReset[];
  /** Its slot counts as a way to reset it. */
  slotResets: boolean;
  /** The PCI core takes it for switched off (D3cold): VFIO lets nobody at its registers. */
  poweredOff: boolean;
  /** A reset worked when VFIO opened it. */
  resetWorks: boolean;
  /** Domain whose table is registered with the function; null where DMA is blocked or the kernel's own domain is. */
  domain: string | null;
  /** The kernel's default domain is attached: nobody owns the function's DMA. */
  onDefault: boolean;
  /** Number of the function's IOMMU group; null where it is in none. */
  groupNumber: number | null;
  /** Type of the default domain of the function's group. */
  defaultType: "DMA" | "DMA-FQ" | "identity";
  /** Domain, or the kernel's own, whose table stayed registered though the kernel let go of it; null where none did. */
  left: string | null;
  /** The kernel takes its domain's table for registered, and none is. */
  unregistered: boolean;
  /** What a hypervisor that only looks at tables when told by RPCIT knows of them (quirk `shadow-by-rpcit`). */
  shadow: Map<bigint, Translation>;
  /** How many pages it still knew of when it lost a table; what counts them never takes them back (quirk `entries-lost-with-table`). */
  lostEntries: number;
  /** How its host sees it, where the kernel is a guest's. */
  outside: Outside;
  /** What it kept of its table because it took no RPCIT (quirk `flush-lost-in-error-state`). */
  kept: Map<bigint, Translation>;
  /** In the zPCI error state: DMA and loads are blocked. */
  inError: boolean;
  /** The kernel gave it up after an error event and keeps off its configuration space until it is scanned anew. */
  givenUp: boolean;
  /** Whether the command register lets the function do DMA; unknown where nobody has restored it since a reset. */
  busMaster: "off" | "on" | "unknown";
  /** MSI-X vectors that have an eventfd. */
  interrupts: number;
  /** How often VFIO's user was told of an error since it last asked; null where it does not want to know. */
  errorsTold: number | "unknown" | null;
  controller: "off" | "ready" | "unknown";
  queues: bigint | null;
}

/** Everything. */
export interface HostState {
  functions: Record<string, ModelFunction>;
  /** iommufds that are open, by name. */
  iommufds: Record<string, { accounts?: "user" | "process"; vfioIoas?: string }>;
  /** IOASes and HWPTs; null where one was destroyed and its stale id is nobody else's yet. */
  objects: Record<string, Ioas | Hwpt | null>;
  /** The mock's objects in iommufds; null where one was destroyed and its stale id is nobody else's yet. */
  others: Record<string, MockObject | null>;
  /** Nothing can be said of this kernel any more. */
  lost: boolean;
  containers: Record<string, Container>;
  domains: Record<string, Domain>;
  /** Contents of buffer pages, by page. */
  memory: Record<string, string>;
  /** Pages of which nobody can say what they hold: a function of one's own may have written them. */
  uncertainPages: string[];
  /** Contents of blocks of media, by `function:block`. */
  blocks: Record<string, string>;
  bufferPages: Record<string, number>;
  /** Error events that wait until the kernel hears of them, in order. */
  unheard: { function: string; pec: string | null }[];
  autoCount: number;
  domainCount: number;
}

/** Counters that have counted nothing. */
export const freshCounters = (): Counters => ({
  mapped: { low: 0, high: 0 },
  unmapped: { low: 0, high: 0 },
  globalRpcits: { low: 0, high: 0 },
  syncMapRpcits: { low: 0, high: 0 },
  syncRpcits: { low: 0, high: 0 },
});

/** What the lines of the counters must read. */
export const describeCounters = (counters: Counters): Pattern =>
  Object.fromEntries(
    Object.entries(counters).map(([key, { low, high }]: [string, Bounds]) => [key, between(low, high)]),
  );

/** Pages of a function's queue buffer (docs/agent-protocol.md). */
export const queuePages = 4;

/** The domain whose table is registered with a function, whatever the kernel takes for it; null where none is. */
export const registeredOf = (fn: ModelFunction): string | null =>
  fn.left ?? (fn.unregistered || fn.disabled ? null : fn.domain);

/** Whether the kernel's own domain is attached to a function, as far as the platform has its table. */
export const isOnOwn = ({ onDefault, removed, unregistered, disabled }: ModelFunction): boolean =>
  onDefault && !removed && !unregistered && !disabled;

/** Domains that nobody refers to are gone, in the kernel as here: a host that goes on for long is no larger for it. */
export function dropUnusedDomains({ domains, functions, objects, containers }: HostState): void {
  const used = new Set<string | null>([
    ...Object.values(functions).flatMap(({ domain, left }) => [domain, left]),
    ...Object.values(objects).map((each) => (each?.kind === "hwpt" ? each.domain : null)),
    ...Object.values(containers).map(({ domain }) => domain),
  ]);
  for (const id of Object.keys(domains)) if (!used.has(id)) Reflect.deleteProperty(domains, id);
}

/** Whoever knows a table by RPCIT alone forgets it. */
export function loseShadow(fn: ModelFunction): void {
  fn.lostEntries += fn.shadow.size;
  fn.shadow = new Map();
  fn.outside.hidden = [];
  fn.outside.used = false;
}
