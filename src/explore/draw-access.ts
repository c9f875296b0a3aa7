/** Operations of the kernel's own access to an IOAS, of options and of calls as nobody should make them. */
import { oddities } from "../operation/access-fields.ts";
import { pageSize, toHex } from "../zpci/iova.ts";
import type { Drawer, Drawn, Source } from "./draw.ts";
import type { functionDrawers } from "./draw-function.ts";
import { drawMapping } from "./draw-iommufd.ts";

const accessNames = ["x", "y"];

const drawIoas = (from: Source): string | undefined => from.random.pick(from.objects(({ kind }) => kind === "ioas"));

/** One operation on an access that is open, and the IOAS that it is to. */
const onAccess =
  (draw: (from: Source, access: string, ioas: string) => readonly Drawn[]): Drawer =>
  (from) => {
    const name = from.random.pick(from.mocks("access"));
    const found = name === undefined ? undefined : from.state.others[name];
    if (name === undefined || found?.kind !== "access" || found.ioas === null) return [];
    return draw(from, name, found.ioas);
  };

const onIoas =
  (draw: (from: Source, ioas: string) => readonly Drawn[]): Drawer =>
  (from) => {
    const ioas = drawIoas(from);
    return ioas === undefined ? [] : draw(from, ioas);
  };

/** What is mapped in one piece, or some of it, mostly; else anything. */
function drawRange(from: Source, ioas: string): { readonly iova: string; readonly length: string } {
  const areas = from.areasOf(ioas);
  const area = from.random.pick(areas);
  const pages = area === undefined ? 0 : Number(area.length / pageSize);
  if (area === undefined || pages === 0 || from.random.chance(20)) {
    return { iova: from.mapped(areas, ioas), length: from.length() };
  }
  const first = from.random.int(0, pages - 1);
  const length = toHex(pageSize * BigInt(from.random.int(1, pages - first)));
  return { iova: toHex(area.iova + BigInt(first) * pageSize), length };
}

/** A range that goes over from one mapping into the next, where two adjoin, now and then; else any. */
function drawPinned(from: Source, ioas: string): { readonly iova: string; readonly length: string } {
  const areas = from.areasOf(ioas);
  const seams = areas.filter((one) => areas.some(({ iova }) => iova === one.iova + one.length));
  const seam = from.random.chance(40) ? from.random.pick(seams) : undefined;
  if (seam === undefined) return drawRange(from, ioas);
  return { iova: toHex(seam.iova + seam.length - pageSize), length: toHex(2n * pageSize) };
}

/** Pins, and asks how often what is mapped at its begin is pinned then. */
function drawPin(from: Source, access: string, ioas: string, range = drawPinned(from, ioas)): readonly Drawn[] {
  const at = BigInt(range.iova);
  const area = from.areasOf(ioas).find(({ iova, length }) => iova <= at && at < iova + length);
  const counts = area === undefined ? [] : countsOf(area.buffer, Number((area.offset + at - area.iova) / pageSize));
  return [{ op: "access-pin", access, ...range, write: from.random.chance(40) }, ...counts];
}

/** Maps next to what is mapped, with access of its own, and pins the pages at both sides of the seam at once. */
function drawSeam(from: Source, access: string, ioas: string): readonly Drawn[] {
  const area = from.random.pick(from.areasOf(ioas));
  if (area === undefined) return [];
  const seam = area.iova + area.length;
  const range = { iova: toHex(seam - pageSize), length: toHex(2n * pageSize) };
  return [
    { op: "ioas-map", ioas, ...drawMapping(from, ioas), iova: toHex(seam) },
    ...drawPin(from, access, ioas, range),
  ];
}

/** The number of something that an access holds, mostly. */
function drawHeld(from: Source, access: string): number {
  const found = from.state.others[access];
  const held = found?.kind === "access" ? from.random.pick(found.held) : undefined;
  return held === undefined || from.random.chance(15) ? from.random.int(0, 3) : held.number;
}

/** Asks how often a page is pinned: all but one of the numbers are not what the model has, and are mostly left out. */
const countsOf = (buffer: string, page: number): readonly Drawn[] =>
  [0, 1, 2].map((pins) => ({ op: "page-pins", buffer, page, pages: 1, pins }));

/** The same of any page, after something that may have changed it. */
function drawCounts(from: Source): readonly Drawn[] {
  const buffer = from.buffer();
  return countsOf(buffer, from.page(buffer));
}

/** Operations of sequences about accesses. */
export const accessDrawers: typeof functionDrawers = [
  [
    10,
    onIoas((from, ioas) => {
      const access = from.fresh(accessNames);
      return access === undefined ? [] : [{ op: "access-create", access, ioas, pins: from.random.chance(80) }];
    }),
  ],
  [14, onAccess((from, access, ioas) => drawPin(from, access, ioas))],
  [4, onAccess((from, access, ioas) => drawSeam(from, access, ioas))],
  [6, onAccess((from, access) => [{ op: "access-unpin", access, pin: drawHeld(from, access) }])],
  [
    8,
    onAccess((from, access) => {
      const to = drawIoas(from);
      return to === undefined ? [] : [{ op: "access-replace", access, to }, ...drawCounts(from), ...drawCounts(from)];
    }),
  ],
  [
    8,
    onAccess((from, access, ioas) => {
      const buffer = from.buffer();
      const op = from.random.chance(50) ? "access-read" : "access-write";
      return [
        { op, access, ...drawRange(from, ioas), buffer, page: from.page(buffer), slow: from.random.chance(30) },
      ];
    }),
  ],
  [2, onAccess((_, access) => [{ op: "access-close", access }])],
  [4, drawCounts],
  [2, onIoas((from, ioas) => [{ op: "iova-reserve", ioas, iova: from.iova(ioas), length: from.length() }])],
  [
    2,
    onIoas((from, ioas) => {
      const first = from.iova(ioas);
      return [{ op: "iova-allow", ioas, ranges: [[first, `0x${(BigInt(first) + 0x3fffn).toString(16)}`]] }];
    }),
  ],
  [
    3,
    (from): readonly Drawn[] => {
      const device = from.random.pick([...from.mocks("mock"), ...Object.keys(from.cast.functions)]);
      const type = from.random.pick(["default", "mock", "unknown", undefined]);
      return [
        {
          op: "hw-info",
          device,
          room: from.random.pick([0, 4, 8, 16, 64]),
          ...(type === undefined ? {} : { type }),
          ...(from.random.chance(10) ? { writable: 8 } : {}),
        },
      ];
    },
  ],
  [1, onIoas((_, ioas) => [{ op: "vfio-ioas-set", ioas }])],
  [1, onIoas((_, ioas) => [{ op: "vfio-ioas-get", ioas }])],
  [
    1,
    (from): readonly Drawn[] => {
      const option = from.random.one(["rlimit-mode", "huge-pages"]);
      const object = option === "huge-pages" ? drawIoas(from) : undefined;
      const fields = { option, ...(object === undefined ? {} : { object }) };
      return [
        from.random.chance(50)
          ? { op: "option-get", ...fields }
          : { op: "option-set", ...fields, value: from.random.int(0, 2) },
      ];
    },
  ],
  [
    1,
    (from): readonly Drawn[] => {
      const call = from.random.one(["bind-iommufd", "attach", "detach"]);
      const to = call === "attach" ? from.target() : undefined;
      const how = from.random.pick(oddities);
      return [{ op: "odd-call", function: from.fn(), call, how, ...(to === undefined ? {} : { to }) }];
    },
  ],
];
