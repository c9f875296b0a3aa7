/** Operations of the kernel's own access to an IOAS, of options and of calls as nobody should make them. */
import { oddities } from "../operation/access-fields.ts";
import type { Drawer, Drawn, Source } from "./draw.ts";
import type { functionDrawers } from "./draw-function.ts";

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

const drawRange = (from: Source, ioas: string): { readonly iova: string; readonly length: string } => ({
  iova: from.mapped(from.areasOf(ioas), ioas),
  length: from.length(),
});

const drawPin = (from: Source, access: string, ioas: string): readonly Drawn[] => [
  { op: "access-pin", access, ...drawRange(from, ioas), write: from.random.chance(40) },
];

/** Asks whether pages are pinned as often as the model has it, after something that may have changed that. */
function drawCount(from: Source): Drawn {
  const buffer = from.buffer();
  return { op: "page-pins", buffer, page: from.page(buffer), pages: 1, pins: from.random.int(0, 2) };
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
  [5, onAccess((from, access) => [{ op: "access-unpin", access, pin: from.random.int(0, 3) }])],
  [
    8,
    onAccess((from, access) => {
      const to = drawIoas(from);
      return to === undefined ? [] : [{ op: "access-replace", access, to }, drawCount(from), drawCount(from)];
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
  [12, (from): readonly Drawn[] => [drawCount(from)]],
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
