/** The device ends of functions: what each is told during an operation, and what it may reach after it. */
import type { Pattern } from "../compare/pattern.ts";
import { pageSize } from "../zpci/iova.ts";
import { describeReach } from "../zpci/reach.ts";
import type { QuirkName } from "./quirks.ts";
import type { ModelFunction, Translation } from "./state.ts";

interface Told {
  readonly emptied: boolean;
  readonly reset: Pattern;
}

const nothingTold: Told = { emptied: false, reset: false };

/** What functions are told during one operation, beside their mappings. */
export class DeviceEnds {
  readonly #quirks: ReadonlySet<QuirkName>;
  readonly #told = new Map<string, Told>();

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
    const isRegistered = fn.configured && (fn.domain !== null || fn.onDefault);
    if (isRegistered) this.#tell(fn, { emptied: true });
  }

  /**
   * The function is reset.
   * Contract: arch/s390/pci/pci.c, zpci_hot_reset_device: "After the reset the functions internal state is reset to an
   * initial state equivalent to its state during boot". Quirk: QEMU's s390_pci_device_reset leaves the device behind alone.
   */
  reset(fn: ModelFunction, reset: Pattern): void {
    this.#tell(fn, { reset: this.#quirks.has("reset-stops-at-zpci") ? false : reset });
  }

  /**
   * What a function sees of its translation.
   * Contract: the table that is registered for it. Quirk: what RPCIT told of since then.
   */
  describe(fn: ModelFunction, table: ReadonlyMap<bigint, Translation>): Pattern {
    const known = this.#quirks.has("shadow-by-rpcit") ? fn.shadow : table;
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
