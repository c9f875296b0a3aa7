/** The device ends of functions: what each is told during an operation, and what it may reach after it. */
import { anything, type Pattern } from "../compare/pattern.ts";
import { traitsOf } from "../trace/device-kinds.ts";
import { pageSize } from "../zpci/iova.ts";
import { describeReach } from "../zpci/reach.ts";
import type { QuirkName } from "./quirks.ts";
import { reachedTable } from "./reached-table.ts";
import { isOnOwn, registeredOf, type ModelFunction, type Translation } from "./state.ts";

interface Told {
  readonly emptied: boolean;
  readonly reset: Pattern;
}

const nothingTold: Told = { emptied: false, reset: false };

/** What functions are told during one operation, beside their mappings. */
export class DeviceEnds {
  readonly #quirks: ReadonlySet<QuirkName>;
  readonly #told = new Map<string, Told>();
  /** Functions that died during the operation, and whose host hears of it. */
  readonly #heard: string[] = [];

  constructor(quirks: ReadonlySet<QuirkName>) {
    this.#quirks = quirks;
  }

  /**
   * The function's table is unregistered, where one is: all that it may reach is taken from it.
   * Ground: arch/s390/pci/pci.c, zpci_unregister_ioat and zpci_disable_device; QEMU hw/s390x/s390-pci-bus.c,
   * s390_pci_iommu_disable takes the whole region away, which a listener hears as one unmap of everything
   * (hw/vfio/listener.c, vfio_listener_region_del).
   */
  empty(fn: ModelFunction): void {
    if (!fn.configured || (registeredOf(fn) === null && !isOnOwn(fn))) return;
    this.#tell(fn, { emptied: true });
    fn.end.uncertain = false;
    this.hear(fn, "unmap");
  }

  /** The function is sent a message, which may be the last that it hears. */
  hear(fn: ModelFunction, message: "map" | "unmap"): void {
    if (fn.end.diesAt === message) this.die(fn);
  }

  /**
   * The function's server vanishes.
   * Contract: "the client should reset the VFIO device when it detects the socket has been disconnected. Error recovery will
   * be driven by the guest's device error handling behavior" (vfio-user protocol, section "Server Disconnection"): the host
   * hears of it. Quirk: QEMU notes it for itself (hw/vfio-user/proxy.c, vfio_user_recv_one: VFIO_PROXY_ERROR).
   */
  die(fn: ModelFunction): void {
    fn.end.connected = false;
    fn.end.diesAt = null;
    if (!this.#quirks.has("death-goes-unheard")) this.#heard.push(fn.profile.name);
  }

  /** Whether the host hears during the operation that a function has died. */
  get hasNews(): boolean {
    return this.#heard.length > 0;
  }

  /** Whether everything was taken from a function at once during the operation. */
  wasEmptied(fn: ModelFunction): boolean {
    return this.#toldOf(fn).emptied;
  }

  /** The function is new: whether the hypervisor resets it when it comes is nobody's promise. */
  plug(fn: ModelFunction): void {
    fn.end.connected = true;
    this.#tell(fn, { reset: anything });
  }

  /**
   * The function is reset.
   * Contract: arch/s390/pci/pci.c, zpci_hot_reset_device: "After the reset the functions internal state is reset to an
   * initial state equivalent to its state during boot". Quirk: QEMU's s390_pci_device_reset leaves the device behind alone.
   */
  reset(fn: ModelFunction, reset: Pattern): void {
    // The others are not asked what they were told.
    if (!traitsOf(fn.profile).served) return;
    this.#tell(fn, { reset: this.#quirks.has("reset-stops-at-zpci") ? false : reset });
  }

  /** What a function was told, and what it sees of its translation. */
  describe(fn: ModelFunction, table: ReadonlyMap<bigint, Translation>): Pattern {
    // Whether a client comes again to a server that is there again is its own affair; QEMU's does not.
    if (!fn.end.connected) return fn.end.returned && !this.#quirks.has("death-goes-unheard") ? anything : null;
    // Where the kernel has its own drivers' data is its own affair.
    if (fn.driven !== null) return { ...this.#toldOf(fn), reach: anything };
    if (fn.end.uncertain) return { ...this.#toldOf(fn), emptied: anything, reach: anything };
    const known = reachedTable(this.#quirks, fn, table);
    const reach = describeReach([...known].map(([iova, { read, write }]) => ({ iova, size: pageSize, read, write })));
    return { ...this.#toldOf(fn), reach };
  }

  #toldOf({ profile: { name } }: ModelFunction): Told {
    return this.#told.get(name) ?? nothingTold;
  }

  #tell(fn: ModelFunction, news: Partial<Told>): void {
    this.#told.set(fn.profile.name, { ...this.#toldOf(fn), ...news });
  }
}
