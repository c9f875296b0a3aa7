/** Names for iommufd's objects: a scenario's own where it gave one, `auto:N` for HWPTs that an attach made. */
import type { Operation } from "../../src/operation/operation.ts";

/** An object of an iommufd: numbers are per iommufd, and used again. */
interface ObjectId {
  readonly iommufd: string;
  readonly id: number;
}

/** The table from ids to names; told of every operation that succeeded. */
export class ObjectNames {
  readonly #names = new Map<string, Map<number, string>>();
  /** iommufd of each bound function and each IOAS. */
  readonly #iommufds = new Map<string, string>();
  /** HWPT each function is attached to. */
  readonly #held = new Map<string, ObjectId>();
  /** Functions that were attached as PASID 0 of theirs. */
  readonly #asPasid = new Set<string>();
  #autoCount = 0;

  /** Takes in what a successful operation returned: an id of a named object, or the HWPT of an attachment. */
  learn(
    operation: Operation,
    returned: {
      readonly id?: number | undefined;
      readonly pt?: number | undefined;
      readonly device?: number | undefined;
    },
  ): void {
    const { id, pt, device } = returned;
    switch (operation.op) {
      case "bind-iommufd":
        this.#iommufds.set(operation.function, operation.iommufd);
        if (id !== undefined) this.#setName({ iommufd: operation.iommufd, id }, operation.function);
        break;
      case "ioas-alloc":
        this.#iommufds.set(operation.ioas, operation.iommufd);
        if (id !== undefined) this.#setName({ iommufd: operation.iommufd, id }, operation.ioas);
        break;
      case "hwpt-alloc": {
        const iommufd = this.#iommufds.get(operation.function);
        if (iommufd !== undefined) this.#iommufds.set(operation.hwpt, iommufd);
        if (id !== undefined && iommufd !== undefined) this.#setName({ iommufd, id }, operation.hwpt);
        break;
      }
      case "attach":
      case "replace": {
        const iommufd = this.#iommufds.get(operation.function);
        if (pt !== undefined && iommufd !== undefined) this.#hold(operation.function, { iommufd, id: pt });
        break;
      }
      case "fault-queue-alloc":
        this.#iommufds.set(operation.queue, operation.iommufd);
        if (id !== undefined) this.#setName({ iommufd: operation.iommufd, id }, operation.queue);
        break;
      case "mock-create": {
        const iommufd = this.#iommufdOf(operation.to);
        this.#iommufds.set(operation.mock, iommufd);
        if (device !== undefined) this.#setName({ iommufd, id: device }, operation.mock);
        if (pt !== undefined) this.#hold(operation.mock, { iommufd, id: pt });
        break;
      }
      case "mock-replace":
        if (pt !== undefined) this.#hold(operation.mock, { iommufd: this.#iommufdOf(operation.mock), id: pt });
        break;
      case "mock-hwpt-alloc": {
        const iommufd = this.#iommufdOf(operation.mock);
        this.#iommufds.set(operation.hwpt, iommufd);
        if (id !== undefined) this.#setName({ iommufd, id }, operation.hwpt);
        break;
      }
      case "detach":
        // vfio_iommufd_physical_detach_ioas: nothing either, where VFIO has the function down as a PASID.
        if (!this.#asPasid.has(operation.function)) this.#letGo(operation.function);
        break;
      case "pasid-attach": {
        const iommufd = this.#iommufds.get(operation.function);
        if (pt !== undefined && iommufd !== undefined) this.#hold(operation.function, { iommufd, id: pt });
        if (operation.pasid === 0) this.#asPasid.add(operation.function);
        break;
      }
      case "pasid-detach":
        // drivers/vfio/iommufd.c, vfio_iommufd_physical_pasid_detach_ioas: nothing, of what was attached as the function.
        if (operation.pasid === 0 && this.#asPasid.has(operation.function)) this.#letGo(operation.function);
        break;
      case "odd-call":
        if (operation.call === "attach" && operation.how === "unwritable") this.#letGo(operation.function);
        break;
      case "close":
        this.#letGo(operation.function);
        this.#forgetName(operation.function);
        this.#iommufds.delete(operation.function);
        break;
      case "destroy":
        this.#letGo(operation.object);
        this.#forgetName(operation.object);
        break;
      case "iommufd-close":
        this.#names.delete(operation.iommufd);
        break;
      default:
    }
  }

  /** Name of the HWPT a function is attached to, null where it is not attached. */
  heldBy(functionName: string): string | null {
    const held = this.#held.get(functionName);
    return held === undefined ? null : (this.#names.get(held.iommufd)?.get(held.id) ?? null);
  }

  /** Name of an object of the iommufd that a function is bound to, null where it has none. */
  nameFor(functionName: string, id: number): string | null {
    const iommufd = this.#iommufds.get(functionName);
    return iommufd === undefined ? null : (this.#names.get(iommufd)?.get(id) ?? null);
  }

  /** The iommufd that an object is in: scenarios that name none have one. */
  #iommufdOf(name: string): string {
    return this.#iommufds.get(name) ?? "main";
  }

  #setName({ iommufd, id }: ObjectId, name: string): void {
    const names = this.#names.get(iommufd) ?? new Map<number, string>();
    this.#names.set(iommufd, names.set(id, name));
  }

  #hold(functionName: string, object: ObjectId): void {
    if (this.#names.get(object.iommufd)?.has(object.id) !== true) {
      this.#setName(object, `auto:${++this.#autoCount}`);
    }
    const before = this.#held.get(functionName);
    this.#held.set(functionName, object);
    if (before !== undefined) this.#forgetUnheld(before);
  }

  #letGo(functionName: string): void {
    const before = this.#held.get(functionName);
    this.#held.delete(functionName);
    this.#asPasid.delete(functionName);
    if (before !== undefined) this.#forgetUnheld(before);
  }

  /** An HWPT made by an attach goes with the last function attached to it, and its id may come again. */
  #forgetUnheld({ iommufd, id }: ObjectId): void {
    const held = [...this.#held.values()].some((each) => each.iommufd === iommufd && each.id === id);
    const names = this.#names.get(iommufd);
    if (!held && names?.get(id)?.startsWith("auto:") === true) names.delete(id);
  }

  #forgetName(name: string): void {
    for (const names of this.#names.values()) {
      for (const [id, each] of names) if (each === name) names.delete(id);
    }
  }
}
