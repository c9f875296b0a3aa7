/** Drawing: what the fields of operations are drawn from, given the host as it is. */
import type { HostState, Hwpt, Ioas, ModelFunction } from "../model/state.ts";
import type { MockObject } from "../model/mock-state.ts";
import { mockAperture } from "../model/mocks.ts";
import type { OperationName } from "../operation/operation.ts";
import type { Aperture } from "../zpci/aperture.ts";
import { pageSize, toHex } from "../zpci/iova.ts";
import type { Cast } from "./cast.ts";
import type { Random } from "./random.ts";

/** An operation as it is drawn: fields that are not drawn have their defaults. */
export interface Drawn {
  readonly op: OperationName;
  readonly [field: string]: unknown;
}

/**
 * Draws operations that belong together, in order; none where there is nothing to do. What depends on what came of those before is
 * drawn when it is its turn.
 */
export type Drawer = (from: Source) => readonly (Drawn | Drawer)[];

/** So few pages that what maps and what does DMA meet often. */
const slots = 12;
/** Where functions have their queues: out of the others' way. */
const queuesAt = 0x10_0000n;

/** A chance in a hundred that something is drawn that need not make sense. */
export const oddity = 8;

/** What is drawn from. */
export class Source {
  readonly random: Random;
  readonly cast: Cast;
  readonly state: HostState;
  readonly aperture: Aperture;

  constructor(random: Random, cast: Cast, state: HostState, aperture: Aperture) {
    this.random = random;
    this.cast = cast;
    this.state = state;
    this.aperture = aperture;
  }

  /** A function, of those that are so if there are any, and mostly. */
  fn(isSo: (fn: ModelFunction) => boolean = (): boolean => true): string {
    const all = Object.values(this.state.functions);
    const fit = all.filter(isSo);
    const from = fit.length === 0 || this.random.chance(oddity) ? all : fit;
    return this.random.pick(from)?.profile.name ?? "a";
  }

  /** A name that nothing has; undefined where all are taken. */
  fresh(names: readonly string[]): string | undefined {
    const { objects, others } = this.state;
    return names.find((name) => (objects[name] ?? null) === null && (others[name] ?? null) === null);
  }

  /** Names of objects of iommufds that are so. */
  objects(isSo: (object: Ioas | Hwpt) => boolean): string[] {
    return Object.entries(this.state.objects).flatMap(([name, each]) => (each !== null && isSo(each) ? [name] : []));
  }

  /** Names of the mock's objects of a kind. */
  mocks(...kinds: readonly MockObject["kind"][]): string[] {
    return Object.entries(this.state.others).flatMap(([name, each]) =>
      each !== null && kinds.includes(each.kind) ? [name] : [],
    );
  }

  /** An IOAS; now and then something else, or what was destroyed. */
  ioas(): string | undefined {
    if (this.random.chance(oddity / 2)) return this.random.pick(this.anyObject());
    return this.random.pick(this.objects(({ kind }) => kind === "ioas"));
  }

  /** What a function can be attached to. */
  target(): string | undefined {
    if (this.random.chance(oddity / 2)) return this.random.pick(this.anyObject());
    return this.random.pick(this.objects((each) => each.kind === "ioas" || !each.auto));
  }

  /** Every name that has, or had, an object. */
  anyObject(): string[] {
    const { objects, others } = this.state;
    return [...Object.keys(objects), ...Object.keys(others)].filter((name) => !name.startsWith("auto:"));
  }

  /** A buffer of the cast. */
  buffer(): string {
    return this.random.pick(Object.keys(this.cast.buffers)) ?? "p";
  }

  /** A page of a buffer. */
  page(buffer: string): number {
    return this.random.int(0, (this.cast.buffers[buffer] ?? 1) - 1);
  }

  /** Where a function has its queues. */
  queuesOf(name: string): string {
    const index = Object.keys(this.cast.functions).indexOf(name);
    return toHex(this.aperture.first + queuesAt * BigInt(index + 1));
  }

  /** A page of IOVAs that an IOAS may have mappings at; now and then one at an end of the aperture, or outside. */
  iova(ioas?: string): string {
    const { first, last } = this.aperture;
    if (this.random.chance(oddity)) {
      const odd = [0n, pageSize, first - pageSize, first + 0x800n, last - 0xfffn, last + 1n, last - 0x1fffn];
      return toHex(this.random.pick(odd) ?? 0n);
    }
    const origin = ioas !== undefined && this.isMocks(ioas) ? mockAperture.first : first;
    return toHex(origin + BigInt(this.random.int(0, slots - 1)) * pageSize);
  }

  /** Whether an IOAS has mappings where the mock reaches them. */
  isMocks(ioas: string): boolean {
    return Object.values(this.state.others).some((each) => each?.kind === "mock-hwpt" && each.ioas === ioas);
  }

  /** The IOVA of something that is mapped, mostly; else any. */
  mapped(areas: readonly { readonly iova: bigint; readonly length: bigint }[], ioas?: string): string {
    const area = this.random.pick(areas);
    if (area === undefined || this.random.chance(25)) return this.iova(ioas);
    const pages = Number(area.length / pageSize);
    return toHex(area.iova + BigInt(this.random.int(0, Math.max(0, pages - 1))) * pageSize);
  }

  /** Mappings of an IOAS. */
  areasOf(ioas: string): Ioas["areas"] {
    const found = this.state.objects[ioas];
    return found?.kind === "ioas" ? found.areas : [];
  }

  /** Bytes to map or unmap: few pages, now and then what is none. */
  length(): string {
    if (this.random.chance(oddity)) return this.random.one(["0x0", "0x800", "0x1800", "0xffffffffffffffff"]);
    return toHex(pageSize * BigInt(this.random.one([1, 1, 1, 2, 3, 4])));
  }

  /** Access of a mapping; without a word for most. */
  access(): Readonly<Record<string, boolean>> {
    if (!this.random.chance(25)) return {};
    return this.random.one([{ write: false }, { write: false }, { read: false }, { read: false, write: false }]);
  }
}
