/** The ranges that a client told of (vfio-user protocol, sections "VFIO_USER_DMA_MAP" and "VFIO_USER_DMA_UNMAP"). */
import type { Mapping } from "./function-definition.ts";
import { RefusedRequest } from "./protocol-error.ts";

/** Mappings that do not overlap, by their first IOVA. */
export class Mappings {
  /** In the order of their IOVAs. */
  readonly #sorted: Mapping[] = [];

  get all(): readonly Mapping[] {
    return this.#sorted;
  }

  /**
   * Adds a mapping.
   * @throws {RefusedRequest} EEXIST over another: "a command to map over an existing region must be failed by the server"
   */
  add(mapping: Mapping): void {
    const { iova, size } = mapping;
    const at = this.#firstEndingAfter(iova);
    const next = this.#sorted[at];
    if (next !== undefined && next.iova < iova + size) throw new RefusedRequest("EEXIST", describe(mapping));
    this.#sorted.splice(at, 0, mapping);
  }

  /**
   * Removes the mappings in a range. The specification wants a range that matches one mapping; QEMU also unmaps the whole
   * of an address space at once, whatever is mapped there.
   * @throws {RefusedRequest} EINVAL where the range would cut one in two
   */
  remove(range: Pick<Mapping, "iova" | "size">): void {
    const end = range.iova + range.size;
    const from = this.#firstEndingAfter(range.iova);
    let to = from;
    for (let each = this.#sorted[to]; each !== undefined && each.iova < end; each = this.#sorted[++to]) {
      if (each.iova < range.iova || each.iova + each.size > end) throw new RefusedRequest("EINVAL", describe(range));
    }
    this.#sorted.splice(from, to - from);
  }

  clear(): void {
    this.#sorted.length = 0;
  }

  /** Place of the first mapping that ends after an IOVA. */
  #firstEndingAfter(iova: bigint): number {
    let [low, high] = [0, this.#sorted.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      const each = this.#sorted[middle];
      if (each !== undefined && each.iova + each.size <= iova) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

const describe = ({ iova, size }: Pick<Mapping, "iova" | "size">): string =>
  `0x${size.toString(16)} bytes at 0x${iova.toString(16)}`;
