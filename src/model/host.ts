/** The modelled host: what kernel, IOMMU driver and hypervisor do underneath every operation. */
import { AnswerBook } from "../operation/answers.ts";
import type { Pattern } from "../compare/pattern.ts";
import type { Profile } from "../trace/profile.ts";
import { reachOf, tablesByMask, tablesByNumber, usualOffer, type Aperture, type Offer } from "../zpci/aperture.ts";
import { isAtLeast } from "../zpci/version.ts";
import type { Choices } from "./choices.ts";
import { describeEvent } from "./dma-answer.ts";
import { DeviceEnds } from "./device-ends.ts";
import { Inside } from "./inside.ts";
import { registerIoat, unregisterIoat } from "./platform.ts";
import type { QuirkName } from "./quirks.ts";
import { ScenarioMistake } from "./scenario-mistake.ts";
import {
  freshCounters,
  loseShadow,
  type Domain,
  type Hwpt,
  type HostState,
  type Ioas,
  type ModelFunction,
  type Translation,
  registeredOf,
} from "./state.ts";

const nothingInside = (): Inside => new Inside([], () => "refused");

/** The host as one operation finds and changes it, and what is seen while it does. */
export class Host {
  readonly state: HostState;
  readonly profile: Profile;
  readonly quirks: ReadonlySet<QuirkName>;
  readonly aperture: Aperture;
  readonly #choices: Choices;
  #isLong = false;
  /** New messages of the kernel, in order. */
  readonly messages: Pattern[] = [];
  /** What the kernel says besides, once or more often. */
  repeated: Pattern | null = null;
  /** What it says again, once or more often or not at all, after so many of its messages. */
  again: { readonly after: number; readonly message: string } | null = null;
  /** What the kernel says that no healthy one does. */
  alarms: Pattern = [];
  readonly memory: Record<string, Pattern> = {};
  readonly blocks: Record<string, Pattern> = {};
  /** What the kernel of the host says, where this is a guest. */
  readonly hostMessages: Pattern[] = [];
  /** The guest was stopped, and nobody is left to ask. */
  stopped = false;
  /** The guest was ended: its host is left to ask. */
  ended = false;
  /** What functions are told. */
  readonly devices: DeviceEnds;
  /** False where nothing can be said of messages, memory and blocks at this step. */
  predictable = true;
  /** What happens inside the operation. */
  readonly inside: Inside;
  /** What its instructions are answered instead of what the hypervisor has to say. */
  readonly answers: AnswerBook;

  constructor(
    state: HostState,
    profile: Profile,
    quirks: ReadonlySet<QuirkName>,
    choices: Choices,
    inside = nothingInside(),
    answers = new AnswerBook([]),
  ) {
    this.answers = answers;
    this.state = state;
    this.inside = inside;
    this.profile = profile;
    this.quirks = quirks;
    this.#choices = choices;
    this.aperture = this.reachOf().aperture;
    this.devices = new DeviceEnds(quirks);
  }

  /** The kernel says something. */
  say(...messages: readonly Pattern[]): void {
    this.messages.push(...messages);
  }

  /**
   * A DMA is refused by the host's IOMMU, whose kernel is told of it.
   * Contract: the error event is the guest's to handle, as that of a function of its own (arch/s390/pci/pci_event.c). Quirk: the guest's
   * QEMU stops it for good (hw/vfio/pci.c, vfio_err_notifier_handler: vm_stop, RUN_STATE_INTERNAL_ERROR).
   */
  refuseOnHost(fn: ModelFunction, isStopped: boolean): void {
    this.hostMessages.push(describeEvent(fn.profile.name, "0x4"));
    this.stopped = isStopped;
  }

  /** Leave messages, memory and blocks of this step open. */
  giveUp(): void {
    this.predictable = false;
  }

  /** Leave everything open from here on: the kernel writes where it may not. */
  loseTrack(): void {
    this.state.lost = true;
  }

  /** The operation takes longer than anybody waits for it: what comes of it in the end may not be seen. */
  takeLong(): void {
    this.#isLong = true;
    this.loseTrack();
  }

  /** A result as it is seen. */
  seen(result: Pattern): Pattern {
    return this.#isLong ? { $oneOf: [result, "hang"] } : result;
  }

  /** Takes one of several ways that timing decides between; 0 is the usual one. */
  choose(ways: number): number {
    return this.#choices.take(ways);
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
    const registered = registeredOf(fn);
    return registered === null || registered === "default" ? new Map() : this.domain(registered).table;
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
    for (const objects of [this.state.objects, this.state.others]) {
      for (const [name, object] of Object.entries(objects))
        if (object === null) Reflect.deleteProperty(objects, name);
    }
    for (const fn of Object.values(this.state.functions)) fn.hasStaleId = false;
  }

  /**
   * Whether the id of a function is that of one that is bound.
   * @throws ScenarioMistake where nobody can say what it stands for
   */
  isBoundId(name: string): boolean {
    const { iommufd, hasStaleId } = this.fn(name);
    if (iommufd === null && !hasStaleId) {
      throw new ScenarioMistake(`Function "${name}" has no id, or it may be another object's since it was closed`);
    }
    return iommufd !== null;
  }

  /**
   * To be called before an object is made.
   * @throws ScenarioMistake where its name is that of one that is there: that would go on and could not be named after
   */
  requireFreeName(name: string): void {
    if ((this.state.objects[name] ?? this.state.others[name] ?? null) === null) return;
    throw new ScenarioMistake(`There is a "${name}" already, which nobody could name after: choose another name`);
  }

  hwptsOf(ioas: string): [string, Hwpt][] {
    return Object.entries(this.state.objects).filter(
      (entry): entry is [string, Hwpt] => entry[1]?.kind === "hwpt" && entry[1].ioas === ioas,
    );
  }

  /**
   * The aperture of a function, and how far a table that is made for it reaches. Contract (arch/s390/include/asm/pci_clp.h, dtsm:
   * "Supported DT mask"): as far as the types of tables go that its group may have. Quirk: s390-iommu.c, s390_domain_alloc_paging,
   * looks for a type's number in the mask.
   */
  reachOf({ offer }: { readonly offer: Offer } = { offer: usualOffer }): ReturnType<typeof reachOf> {
    // Asked only where it matters: for most functions the smallest table is enough.
    return reachOf(this.profile, offer, (dtsm) =>
      this.has("table-types-by-number") ? tablesByNumber(dtsm) : tablesByMask(dtsm),
    );
  }

  /** A domain with a table as one is made for a function. */
  newDomain(fn: ModelFunction): string {
    this.state.domainCount += 1;
    const id = `domain:${String(this.state.domainCount)}`;
    const last = this.reachOf(fn).tableLast;
    this.state.domains[id] = { table: new Map(), members: [], counters: freshCounters(), last };
    return id;
  }

  /**
   * Attach a function to a paging domain, or block it with null: `OK`, or the errno where its table was not registered, and then
   * its DMA is blocked.
   * Ground: drivers/iommu/s390-iommu.c, s390_iommu_attach_device: detach to blocking, register the IOAT, join the list at
   * its head; "If we fail now DMA remains blocked via blocking domain"; blocking_domain_attach_device: leave the list,
   * unregister. No RPCIT is sent.
   */
  setDomain(name: string, domain: string | null): "OK" | "EIO" {
    const fn = this.fn(name);
    const old = fn.domain === null ? null : this.domain(fn.domain);
    if (old !== null) {
      old.members = old.members.filter((each) => each !== name);
      this.inside.pass("before-unregister", name);
    }
    const isPaging = fn.configured && !fn.removed && (old !== null || fn.onDefault);
    if (isPaging ? unregisterIoat(this, fn) : fn.left === null) {
      this.devices.empty(fn);
      loseShadow(fn);
      fn.kept = new Map();
      fn.left = null;
    }
    fn.unregistered = false;
    fn.domain = null;
    if (old !== null) this.inside.pass("after-unregister", name);
    fn.onDefault = false;
    if (domain === null) return "OK";
    this.inside.pass("before-register", name);
    const { result, cc } = registerIoat(this, fn, domain);
    if (result !== "OK") return result;
    fn.domain = domain;
    if (cc === 0) this.inside.pass("after-register", name);
    this.domain(domain).members.unshift(name);
    return "OK";
  }
}
