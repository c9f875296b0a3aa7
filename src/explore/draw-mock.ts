/** Operations on iommufd's mock device, its page requests, its PASIDs and its events. */
import type { Drawer, Drawn, Source } from "./draw.ts";
import type { functionDrawers } from "./draw-function.ts";

const ioasNames = ["A", "B", "C"];
const mockNames = ["m", "n"];
const hwptNames = ["M", "N", "O", "P"];
const queueNames = ["f", "g"];
/** The last one makes the mock's driver stumble (drivers/iommu/iommufd/selftest.c, mock_dev_set_dev_pasid). */
const pasids = [1, 2, 1024] as const;
const faultSize = 40;
const eventSize = 12;

/** One operation on a mock, if there is any. */
const onMock =
  (draw: (from: Source, mock: string) => ReturnType<Drawer>): Drawer =>
  (from) => {
    const mock = from.random.pick(from.mocks("mock"));
    return mock === undefined ? [] : draw(from, mock);
  };

/** What a mock can be attached to. */
function targetOf(from: Source): string | undefined {
  const { random } = from;
  if (random.chance(5)) return random.pick(from.anyObject());
  const own = from.mocks("mock-hwpt").filter((name) => !name.startsWith("auto:"));
  return random.pick(own.length > 0 && random.chance(75) ? own : from.objects(({ kind }) => kind === "ioas"));
}

const drawRaise = (from: Source, mock: string): Drawn => ({
  op: "fault-raise",
  mock,
  iova: from.iova(),
  group: from.random.int(0, 5),
  pasid: from.random.chance(75) ? 0 : from.random.one(pasids),
  ...(from.random.chance(30) ? { access: ["write"] } : {}),
});

/** Reads a queue: all there may be, or with too little room, or where not all can be written. */
function drawRead(from: Source, op: "fault-read" | "event-read", queue: string, size: number): Drawn {
  const { random } = from;
  const room = random.chance(90) ? size * random.int(1, 4) : random.int(0, size * 2);
  return { op, queue, room, ...(random.chance(15) ? { writable: random.int(0, room) } : {}) };
}

function drawRespond(from: Source, queue: string): Drawn {
  const found = from.state.others[queue];
  const waiting = found?.kind === "fault-queue" ? Object.keys(found.unanswered).map(Number) : [];
  const { random } = from;
  const cookies = waiting.filter(() => random.chance(60));
  const told = cookies.length > 0 && random.chance(85) ? cookies : [...cookies, random.int(1, 4)];
  const again = random.chance(15) && told[0] !== undefined ? [...told, told[0]] : told;
  return {
    op: "fault-respond",
    queue,
    responses: again.map((cookie) => ({ cookie, code: random.chance(90) ? 0 : 1 })),
  };
}

/** Raises a fault, and reads and answers what there is, now and then only some of it, and not at once. */
const drawFault = (from: Source, mock: string): readonly (Drawn | Drawer)[] => {
  const { random } = from;
  const more = random.chance(30) ? [drawRaise(from, mock)] : [];
  const read = onQueue("fault-queue", (at, queue) => [drawRead(at, "fault-read", queue, faultSize)]);
  const respond = onQueue("fault-queue", (at, queue) => [drawRespond(at, queue)]);
  return [
    drawRaise(from, mock),
    ...more,
    ...(random.chance(70) ? [read] : []),
    ...(random.chance(50) ? [respond] : []),
  ];
};

/** A mock whose faults go to a queue: all that it takes. */
const drawFaultful: Drawer = (from) => {
  const [hwpt, queue] = [from.fresh(hwptNames), from.fresh(queueNames)];
  const there = from.random.pick(from.mocks("fault-queue"));
  const mock = from.random.pick(from.mocks("mock"));
  const ioas = from.random.pick(from.objects(({ kind }) => kind === "ioas"));
  const of = queue !== undefined && (there === undefined || from.random.chance(30)) ? queue : there;
  if (hwpt === undefined || mock === undefined || ioas === undefined || of === undefined) return [];
  return [
    ...(of === there ? [] : [{ op: "fault-queue-alloc", queue: of } as const]),
    { op: "mock-hwpt-alloc", hwpt, mock, parent: ioas, queue: of },
    { op: "mock-replace", mock, to: hwpt },
    ...drawFault(from, mock),
  ];
};

/** A mock behind a virtual IOMMU whose events can be read: all that it takes. */
const drawEventful: Drawer = (from) => {
  const mock = from.random.pick(from.mocks("mock"));
  const ioas = from.random.pick(from.objects(({ kind }) => kind === "ioas"));
  const [parent, nested] = [from.fresh(hwptNames), from.fresh(hwptNames.toReversed())];
  if (mock === undefined || ioas === undefined || parent === undefined || nested === undefined) return [];
  if (parent === nested || from.mocks("viommu").length > 0) return [];
  return [
    { op: "mock-hwpt-alloc", hwpt: parent, mock, parent: ioas, flags: ["nest-parent"] },
    { op: "viommu-alloc", viommu: "v", mock, parent },
    { op: "vdevice-alloc", vdevice: "d", viommu: "v", mock, number: from.random.int(1, 3) },
    { op: "mock-hwpt-alloc", hwpt: nested, mock, parent: "v", data: true },
    { op: "event-queue-alloc", queue: "e", viommu: "v", depth: from.random.int(1, 3) },
    { op: "mock-replace", mock, to: nested },
    { op: "event-raise", mock },
  ];
};

function drawHwpt(from: Source, mock: string): readonly Drawn[] {
  const hwpt = from.fresh(hwptNames);
  const { random } = from;
  const parent = random.pick([...from.objects(({ kind }) => kind === "ioas"), ...from.mocks("mock-hwpt", "viommu")]);
  if (hwpt === undefined || parent === undefined || parent.startsWith("auto:")) return [];
  const queue = random.chance(40) ? random.pick(from.mocks("fault-queue")) : undefined;
  const flags = (["nest-parent", "dirty-tracking", "pasid"] as const).filter(() => random.chance(25));
  const isNested = from.state.others[parent] !== undefined;
  return [
    {
      ...{ op: "mock-hwpt-alloc", hwpt, mock, parent, flags, data: isNested !== random.chance(8) },
      ...(queue === undefined ? {} : { queue }),
      ...(random.chance(4) ? { unwritable: true } : {}),
    },
  ];
}

/** PASIDs of a mock. */
const drawPasid = (from: Source, mock: string): readonly Drawn[] => {
  const to = targetOf(from);
  const pasid = from.random.one(pasids);
  if (to === undefined) return [];
  return [
    from.random.one<Drawn>([
      { op: "mock-pasid-attach", mock, pasid, to },
      { op: "mock-pasid-attach", mock, pasid, to },
      { op: "mock-pasid-replace", mock, pasid, to },
      { op: "mock-pasid-replace", mock, pasid, to },
      { op: "mock-pasid-detach", mock, pasid },
      { op: "mock-pasid-check", mock, pasid, to },
    ]),
  ];
};

/** Operations of sequences about the mock. */
export const mockDrawers: typeof functionDrawers = [
  [
    8,
    (from): readonly Drawn[] => {
      const ioas = from.fresh(ioasNames);
      return ioas === undefined ? [] : [{ op: "ioas-alloc", ioas }];
    },
  ],
  [
    16,
    (from): readonly Drawn[] => {
      const [mock, to] = [from.fresh(mockNames), targetOf(from)];
      if (mock === undefined || to === undefined) return [];
      return [{ op: "mock-create", mock, to, pasids: from.random.chance(60), dirtyTracking: from.random.chance(85) }];
    },
  ],
  [
    12,
    onMock((from, mock) => {
      const to = targetOf(from);
      return to === undefined ? [] : [{ op: "mock-replace", mock, to }];
    }),
  ],
  [10, onMock(drawHwpt)],
  [14, onMock(drawFault)],
  [16, drawFaultful],
  [10, drawEventful],
  [6, onMock((_, mock) => [{ op: "event-raise", mock }])],
  [8, onMock(drawPasid)],
  [
    4,
    onMock((from, mock) => {
      const buffer = from.buffer();
      const ioas = from.random.pick(from.objects(({ kind }) => kind === "ioas"));
      const areas = ioas === undefined ? [] : from.areasOf(ioas);
      return [{ op: "mock-check", mock, iova: from.mapped(areas, ioas), buffer, page: from.page(buffer) }];
    }),
  ],
  [3, onMock((_, mock) => [{ op: "destroy", object: mock }])],
  [16, onQueue("fault-queue", (from, queue) => [drawRead(from, "fault-read", queue, faultSize)])],
  [14, onQueue("fault-queue", (from, queue) => [drawRespond(from, queue)])],
  [8, onQueue("event-queue", (from, queue) => [drawRead(from, "event-read", queue, eventSize)])],
  [4, onQueue("fault-queue", (_, queue) => [{ op: "queue-poll", queue }])],
  [2, onQueue("event-queue", (_, queue) => [{ op: "queue-poll", queue }])],
  [
    3,
    onQueue("fault-queue", (_, queue) => [
      { op: "queue-close", queue },
      { op: "destroy", object: queue },
    ]),
  ],
  [1, onQueue("event-queue", (_, queue) => [{ op: "queue-close", queue }])],
  [
    3,
    (from): readonly Drawn[] => {
      const queue = from.fresh(queueNames);
      if (queue === undefined) return [];
      const odd = from.random.chance(15) ? from.random.one([{ flags: 1 }, { unwritable: true }]) : {};
      return [{ op: "fault-queue-alloc", queue, ...odd }];
    },
  ],
];

/** One operation on an open queue, if there is any. */
function onQueue(
  kind: "fault-queue" | "event-queue",
  draw: (from: Source, queue: string) => readonly Drawn[],
): Drawer {
  return (from) => {
    const open = from.mocks(kind).filter((name) => {
      const found = from.state.others[name];
      return found?.kind === kind && found.open;
    });
    const queue = from.random.pick(open);
    return queue === undefined ? [] : draw(from, queue);
  };
}
