/** Operations on iommufd: attachments, IOASes, HWPTs, mappings. */
import type { Area, ModelFunction } from "../model/state.ts";
import type { Drawn, Source } from "./draw.ts";
import { drawAnyDma, drawDma, type functionDrawers } from "./draw-function.ts";

const ioasNames = ["A", "B", "C"];
const hwptNames = ["H", "I", "J"];

const isBound = ({ open, iommufd }: ModelFunction): boolean => open === "cdev" && iommufd !== null;
const isAttached = (fn: ModelFunction): boolean => isBound(fn) && fn.hwpt !== null;

/** What is mapped: a page or some of a buffer, mostly at an IOVA that is told. */
export function drawMapping(from: Source, ioas?: string): Readonly<Record<string, unknown>> {
  const buffer = from.buffer();
  const page = from.page(buffer);
  const { random } = from;
  const size = from.cast.buffers[buffer] ?? 1;
  const oddities: readonly Readonly<Record<string, unknown>>[] = [
    { length: from.length() },
    { skew: 0x800 },
    { skew: 1 },
  ];
  const odd = random.chance(5) ? random.pick(oddities) : {};
  return {
    iova: from.iova(ioas),
    ...{ buffer, page, pages: random.chance(60) ? 1 : random.int(1, size - page), ...odd, ...from.access() },
  };
}

/** What is unmapped: the whole of a mapping, or anything. */
export function drawRange(
  from: Source,
  areas: readonly Area[],
  { chanceOfWhole, ioas }: { readonly chanceOfWhole: number; readonly ioas?: string },
): { readonly iova: string; readonly length: string } {
  const area = from.random.pick(areas);
  const isWhole = area !== undefined && from.random.chance(chanceOfWhole);
  return isWhole
    ? { iova: `0x${area.iova.toString(16)}`, length: `0x${area.length.toString(16)}` }
    : { iova: from.mapped(areas, ioas), length: from.length() };
}

/** Whether a function reaches what is mapped in an IOAS. */
const reaches =
  (from: Source, ioas: string) =>
  ({ hwpt, inUse }: ModelFunction): boolean => {
    const object = hwpt === null ? undefined : from.state.objects[hwpt];
    return inUse && object?.kind === "hwpt" && object.ioas === ioas;
  };

function drawMap(from: Source): readonly Drawn[] {
  const ioas = from.ioas();
  if (ioas === undefined) return [];
  const { iova, ...mapping } = drawMapping(from, ioas);
  const map: Drawn = { op: "ioas-map", ioas, ...(from.random.chance(90) ? { iova } : {}), ...mapping };
  return from.random.chance(50) ? [map, drawAnyDma(from, iova as string, reaches(from, ioas))] : [map];
}

function drawUnmap(from: Source): readonly Drawn[] {
  const ioas = from.ioas();
  if (ioas === undefined) return [];
  const range = drawRange(from, from.areasOf(ioas), { chanceOfWhole: 75, ioas });
  if (from.random.chance(5)) return [{ op: "ioas-unmap", ioas, iova: "0x0", length: "0xffffffffffffffff" }];
  const unmap: Drawn = { op: "ioas-unmap", ioas, ...range };
  return from.random.chance(60) ? [unmap, drawAnyDma(from, range.iova, reaches(from, ioas))] : [unmap];
}

function drawCopy(from: Source): readonly Drawn[] {
  const [source, to] = [from.ioas(), from.ioas()];
  if (source === undefined || to === undefined) return [];
  const fields = { from: source, to, source: from.mapped(from.areasOf(source), source), iova: from.iova(to) };
  return [{ op: "ioas-copy", ...fields, length: from.length(), ...from.access() }];
}

/** Attaches, or replaces what is attached, and has the function do DMA at what it may reach then. */
function drawAttach(from: Source): readonly Drawn[] {
  const name = from.fn(isBound);
  const to = from.target();
  if (to === undefined) return [];
  const op = (from.state.functions[name]?.hwpt ?? null) === null ? "attach" : "replace";
  const object = from.state.objects[to];
  const areas = from.areasOf(object?.kind === "hwpt" ? object.ioas : to);
  const dma = from.random.chance(50) ? [drawDma(from, name, from.mapped(areas))] : [];
  return [{ op, function: name, to }, ...dma];
}

/** Operations of sequences about iommufd. */
export const iommufdDrawers: typeof functionDrawers = [
  [6, (from): readonly Drawn[] => [{ op: "bind-iommufd", function: from.fn(({ open }) => open === "cdev") }]],
  [22, drawAttach],
  [
    9,
    (from): readonly Drawn[] => {
      const name = from.fn(isAttached);
      const detach: Drawn = { op: "detach", function: name };
      return from.random.chance(40) ? [detach, drawDma(from, name)] : [detach];
    },
  ],
  [
    8,
    (from): readonly Drawn[] => {
      const ioas = from.fresh(ioasNames);
      return ioas === undefined ? [] : [{ op: "ioas-alloc", ioas }];
    },
  ],
  [34, drawMap],
  [20, drawUnmap],
  [8, drawCopy],
  [
    4,
    (from): readonly Drawn[] => {
      const ioas = from.ioas();
      return ioas === undefined ? [] : [{ op: "iova-ranges", ioas }];
    },
  ],
  [
    2,
    (from): readonly Drawn[] => {
      const ioas = from.ioas();
      return ioas === undefined ? [] : [{ op: "huge-pages", ioas, on: from.random.chance(50) }];
    },
  ],
  [
    8,
    (from): readonly Drawn[] => {
      const [hwpt, ioas] = [from.fresh(hwptNames), from.target()];
      if (hwpt === undefined || ioas === undefined) return [];
      const flags = from.random.chance(6) ? [from.random.one(["nest-parent", "dirty-tracking", "pasid"])] : [];
      return [{ op: "hwpt-alloc", hwpt, function: from.fn(isBound), ioas, flags }];
    },
  ],
  [
    5,
    (from): readonly Drawn[] => {
      const object = from.random.pick([...from.anyObject(), ...Object.keys(from.cast.functions)]);
      return object === undefined ? [] : [{ op: "destroy", object }];
    },
  ],
  [
    1,
    (from): readonly Drawn[] => {
      const isHeld = Object.values(from.state.functions).some(({ iommufd }) => iommufd !== null);
      return isHeld || Object.keys(from.state.iommufds).length === 0 ? [] : [{ op: "iommufd-close" }];
    },
  ],
  [
    1,
    (from): readonly Drawn[] => {
      const to = from.target();
      const name = from.fn(isBound);
      if (to === undefined) return [];
      const pasid = from.random.one([0, 1, 1024]);
      return [
        from.random.chance(60)
          ? { op: "pasid-attach", function: name, pasid, to }
          : { op: "pasid-detach", function: name, pasid },
      ];
    },
  ],
];
