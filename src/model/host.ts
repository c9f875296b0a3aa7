/** The modelled host: what kernel, IOMMU driver and hypervisor do underneath every operation. */
import type { Pattern } from "../compare/pattern.ts";
import type { Profile } from "../trace/profile.ts";
import { apertureOf, type Aperture } from "../zpci/aperture.ts";
import { pageSize, pagesOf } from "../zpci/iova.ts";
import { isAtLeast } from "../zpci/version.ts";
import type { Choices } from "./choices.ts";
import { DeviceEnds } from "./device-ends.ts";
import { dmaErrors } from "./dma-answer.ts";
import type { QuirkName } from "./quirks.ts";
import { recoveryOf } from "./recovery.ts";
import {
  freshCounters,
  type Area,
  type Bounds,
  type Domain,
  type Hwpt,
  type HostState,
  type Ioas,
  type ModelFunction,
  type Translation,
} from "./state.ts";

/** An operation that the plan's names or order make meaningless: the scenario is wrong, not the kernel. */
export class ScenarioMistake extends Error {
  override readonly name = "ScenarioMistake";
}

const add = (bounds: Bounds, low: number, high = low): void => {
  bounds.low += low;
  bounds.high += high;
};

/** The host as one operation finds and changes it, and what is seen while it does. */
export class Host {
  readonly state: HostState;
  readonly profile: Profile;
  readonly quirks: ReadonlySet<QuirkName>;
  readonly aperture: Aperture;
  readonly #choices: Choices;
  /** New messages of the kernel, in order. */
  readonly messages: Pattern[] = [];
  /** What the kernel says besides, once or more often. */
  repeated: Pattern | null = null;
  readonly memory: Record<string, Pattern> = {};
  readonly blocks: Record<string, Pattern> = {};
  /** What functions are told. */
  readonly devices: DeviceEnds;
  /** False where nothing can be said of messages, memory and blocks at this step. */
  predictable = true;

  constructor(state: HostState, profile: Profile, quirks: ReadonlySet<QuirkName>, choices: Choices) {
    this.state = state;
    this.profile = profile;
    this.quirks = quirks;
    this.#choices = choices;
    this.aperture = apertureOf(profile);
    this.devices = new DeviceEnds(quirks);
  }

  /** The kernel says something. */
  say(...messages: readonly Pattern[]): void {
    this.messages.push(...messages);
  }

  /** Leave messages, memory and blocks of this step open. */
  giveUp(): void {
    this.predictable = false;
  }

  has(quirk: QuirkName): boolean {
    return this.quirks.has(quirk);
  }

  /** True where the profile's kernel is `version` or newer. */
  kernelIs(version: string): boolean {
    return isAtLeast(this.profile.kernel.version, version);
  }

  fn(name: string): ModelFunction {
    const found = this.state.functions[name];
    if (found === undefined) throw new ScenarioMistake(`No function is named "${name}"`);
    return found;
  }

  domain(id: string): Domain {
    const found = this.state.domains[id];
    if (found === undefined) throw new ScenarioMistake(`No domain "${id}"`);
    return found;
  }

  /** The table that is registered for a function; empty where none is, or the kernel's own. */
  tableOf(fn: ModelFunction): ReadonlyMap<bigint, Translation> {
    return fn.domain === null ? new Map() : this.domain(fn.domain).table;
  }

  /** The object of a name; null where it was destroyed. */
  object(name: string): Ioas | Hwpt | null {
    const found = this.state.objects[name];
    if (found === undefined) {
      throw new ScenarioMistake(
        `No IOAS or HWPT is named "${name}", or its id may be another object's since it was destroyed`,
      );
    }
    return found;
  }

  /** The IOAS of a name; null where it was destroyed. */
  ioas(name: string): Ioas | null {
    const found = this.object(name);
    return found?.kind === "ioas" ? found : null;
  }

  /**
   * A new object takes the lowest free id (drivers/iommu/iommufd/main.c, _iommufd_object_alloc), which may be that of a
   * destroyed one: from now on nobody can say what a destroyed one's id stands for.
   */
  forgetStaleIds(): void {
    for (const [name, object] of Object.entries(this.state.objects)) {
      if (object === null) Reflect.deleteProperty(this.state.objects, name);
    }
  }

  hwptsOf(ioas: string): [string, Hwpt][] {
    return Object.entries(this.state.objects).filter(
      (entry): entry is [string, Hwpt] => entry[1]?.kind === "hwpt" && entry[1].ioas === ioas,
    );
  }

  newDomain(): string {
    this.state.domainCount += 1;
    const id = `domain:${String(this.state.domainCount)}`;
    this.state.domains[id] = { table: new Map(), members: [], counters: freshCounters() };
    return id;
  }

  /**
   * Attach a function to a paging domain, or block it with null.
   * Ground: drivers/iommu/s390-iommu.c, s390_iommu_attach_device: detach to blocking, register the IOAT, join the list at
   * its head; blocking_domain_attach_device: leave the list, unregister. No RPCIT is sent.
   */
  setDomain(name: string, domain: string | null): void {
    const fn = this.fn(name);
    this.devices.empty(fn);
    if (fn.domain !== null) {
      const old = this.domain(fn.domain);
      old.members = old.members.filter((each) => each !== name);
    }
    fn.domain = domain;
    fn.onDefault = false;
    fn.shadow = new Map();
    if (domain !== null) this.domain(domain).members.unshift(name);
  }

  /**
   * Enter an area into a domain's table and flush each member: `OK`, or the errno the caller gets after the roll-back.
   * Ground: drivers/iommu/iommu.c, iommu_map: iommu_map_nosync for a physically contiguous run, then iotlb_sync_map, and
   * iommu_unmap of the run on its error; s390_iommu_map_pages and s390_iommu_iotlb_sync_map for the counters.
   */
  mapInto(id: string, area: Area, eachPageAlone: boolean): string {
    const domain = this.domain(id);
    const pages = pagesOf(area.iova, area.length);
    const runs: Bounds = { low: eachPageAlone || pages.length === 1 ? pages.length : 1, high: pages.length };
    const entries = pages.map((iova, index): [bigint, Translation] => [
      iova,
      {
        page: `${area.buffer}[${String(area.offset / pageSize + BigInt(index))}]`,
        read: area.read || this.has("write-only-readable"),
        write: area.write,
      },
    ]);
    const members = domain.members.map((each) => this.fn(each));
    const { counters } = domain;
    const outside = pages.findIndex((iova) => iova < this.aperture.first || iova > this.aperture.last);
    const refusing = members.filter((each) => each.inError);
    const failed = refusing.length > 0 ? 0 : outside;
    if (failed >= 0 && members.length > 0) {
      // The run with the failing page is taken back, and what was mapped before it; nothing after it is tried. Runs before it
      // are unknown, unless pages go one by one.
      const one = eachPageAlone || pages.length === 1;
      const before = failed > 0 ? 1 : 0;
      add(counters.mapped, failed + 1, one ? failed + 1 : pages.length);
      add(counters.unmapped, failed + 1, one ? failed + 1 : pages.length);
      add(counters.syncMapRpcits, (one ? failed + 1 : 1) * members.length, (failed + 1) * members.length);
      add(counters.syncRpcits, (one ? 1 + before : 1) * members.length, (1 + before) * members.length);
      if (refusing.length === 0) for (const each of members) this.raiseError(each, "0x2");
      // Taking the page back sends an RPCIT for the same range: another event where the function has recovered by then.
      const [only] = members;
      if (refusing.length === 0 && members.length === 1 && only !== undefined) this.mayRaiseAgain(only, "0x2");
      return "EIO";
    }
    add(counters.mapped, pages.length);
    add(counters.syncMapRpcits, runs.low * members.length, runs.high * members.length);
    for (const [iova, translation] of entries) {
      domain.table.set(iova, translation);
      for (const member of members) member.shadow.set(iova, translation);
    }
    for (const member of members) this.devices.hear(member, "map");
    return "OK";
  }

  /**
   * Take an area out of a domain's table, one flush of each member.
   * Ground: drivers/iommu/iommu.c, iommu_unmap: one gather and one iotlb_sync per call; s390_iommu_iotlb_sync.
   */
  unmapFrom(id: string, area: Area): void {
    const domain = this.domain(id);
    const pages = pagesOf(area.iova, area.length);
    add(domain.counters.unmapped, pages.length);
    add(domain.counters.syncRpcits, domain.members.length);
    // A function in the error state takes no RPCIT (QEMU hw/s390x/s390-pci-inst.c, rpcit_service_call).
    const flushed = domain.members.map((each) => this.fn(each)).filter((each) => !each.inError);
    for (const iova of pages) {
      domain.table.delete(iova);
      for (const member of flushed) member.shadow.delete(iova);
    }
    for (const member of flushed) this.devices.hear(member, "unmap");
  }

  /** A function enters the error state and the kernel reacts (src/model/recovery.ts). */
  raiseError(fn: ModelFunction, pec: string | null): void {
    this.messages.push(
      pec === null
        ? { $oneOf: dmaErrors.map((each) => `${fn.profile.name} error ${each}`) }
        : `${fn.profile.name} error ${pec}`,
    );
    fn.controller = "unknown";
    const { inError, isGivenUp } = recoveryOf(this.profile, fn);
    fn.inError = inError;
    fn.givenUp ||= isGivenUp;
  }

  /**
   * What was refused may be tried once more. The function says nothing while it is in the error state; after its recovery it
   * raises the same event again.
   * Ground: "Re-enables load/store access for a PCI function in the error state while keeping DMA blocked [...] while
   * catching any rogue DMA access" (arch/s390/pci/pci.c, zpci_reset_load_store_blocked): half-way through the recovery a
   * second event can come as well. It is handled when the first recovery has cleared the error state: unblocking then
   * is out of sequence (cc 1, status 0x18), and a reset takes its place (pci_event.c, zpci_event_do_error_state_clear).
   */
  mayRaiseAgain(fn: ModelFunction, pec: string | null): void {
    if (fn.inError) return;
    const way = this.#choices.take(this.has("examined-function-raises-again") ? 3 : 2);
    if (way > 0) this.raiseError(fn, pec);
    if (way < 2) return;
    this.say(`${fn.profile.name} reset-load-store-blocked cc=1 status=18`);
    this.zpciReset(fn.profile.name);
    // This reset comes without the PCI core, which would have restored it.
    fn.busMaster = "unknown";
  }

  /**
   * A zPCI reset: disable, enable, register the table again.
   * Ground: arch/s390/pci/pci.c, zpci_hot_reset_device and zpci_reenable_device (6.12: the same, in one function). Who
   * resets saves the command register before and restores it after (drivers/pci/pci.c, pci_dev_save_and_disable), whatever
   * could be read of it.
   */
  zpciReset(name: string): void {
    const fn = this.fn(name);
    this.messages.push(`${name} reset`, `${name} disable`, `${name} enable`);
    this.devices.empty(fn);
    this.devices.reset(fn, true);
    // It forgets what it was told to do.
    if (!this.has("reset-stops-at-zpci")) Object.assign(fn.end, { held: null, storm: null });
    fn.shadow = new Map();
    if (fn.inError) fn.busMaster = "unknown";
    fn.inError = false;
    if (!this.has("reset-stops-at-zpci")) fn.controller = "off";
  }

  /**
   * A reset by the methods the function uses: FLR where it has one, else (or on request) the zPCI reset. False where none
   * of them works.
   * Ground: drivers/pci/pci.c, __pci_reset_function_locked: the next method after one that answers -ENOTTY; pci_dev_wait,
   * which pcie_flr ends with: -ENOTTY where the device counts as disconnected, as a function that was given up does;
   * pci_dev_config_accessible (7.3), which it begins with: -ENOTTY where configuration space is out of reach.
   */
  resetFunction(name: string): boolean {
    const fn = this.fn(name);
    const has = (method: "flr" | "bus"): boolean => fn.resetMethod === "default" || fn.resetMethod === method;
    if (fn.profile.device === "nvme" && has("flr") && !fn.givenUp && !fn.inError) fn.controller = "off";
    else if (has("bus")) this.zpciReset(name);
    else return false;
    return true;
  }
}
