/** Operations on functions: their life, their resets, their DMA. */
import type { ModelFunction } from "../model/state.ts";
import { traitsOf } from "../trace/device-kinds.ts";
import { oddity, type Drawer, type Drawn, type Source } from "./draw.ts";

const isBound = ({ iommufd }: ModelFunction): boolean => iommufd !== null;
const isUnused = ({ open, group }: ModelFunction): boolean => open === "no" && !group.open;
const isInUse = ({ inUse }: ModelFunction): boolean => inUse;

/** What a function in use can reach: the mappings of its domain. */
function reachOf(from: Source, name: string): { readonly iova: bigint; readonly length: bigint }[] {
  const domain = from.state.functions[name]?.domain ?? null;
  const table = domain === null ? undefined : from.state.domains[domain]?.table;
  return [...(table?.keys() ?? [])].map((iova) => ({ iova, length: 0x1000n }));
}

/** One DMA of a function, at what it can reach mostly. */
export function drawDma(from: Source, name: string, iova?: string): Drawn {
  return {
    op: from.random.chance(60) ? "dma-write" : "dma-read",
    function: name,
    iova: iova ?? from.mapped(reachOf(from, name)),
    block: from.random.int(0, 15),
  };
}

/** One DMA of a function that is in use, of those that are so if there are any. */
export function drawAnyDma(from: Source, iova: string, isSo: (fn: ModelFunction) => boolean = isInUse): Drawn {
  return drawDma(from, from.fn(isSo), iova);
}

/** Has a function do DMA: what it takes once, and the DMA. */
export function drawStart(from: Source, name: string, holder: Drawn | null): readonly Drawn[] {
  const fn = from.state.functions[name];
  if (fn === undefined || fn.profile.device === "virtio-rng") return [];
  const isOn = fn.inUse && fn.busMaster === "on";
  if (traitsOf(fn.profile).doesDma) return isOn ? [] : [{ op: "bus-master", function: name }];
  if (isOn && fn.controller === "ready") return [];
  const iova = from.queuesOf(name);
  return [
    ...(holder === null ? [] : [{ ...holder, iova, buffer: `${name}.queues` }]),
    { op: "nvme-enable", function: name, iova },
  ];
}

/** Takes a function away from whoever has it. */
const release = ({ profile, open, group, driver }: ModelFunction): readonly Drawn[] => {
  const of = { function: profile.name };
  return [
    ...(open === "no" ? [] : [{ op: "close", ...of } as const]),
    ...(group.open ? [{ op: "group-close", ...of } as const] : []),
    ...(driver === null ? [] : [{ op: "unbind", ...of } as const]),
  ];
};

/** Takes a function and attaches it, so that a sequence soon comes to what is interesting. */
const take: Drawer = (from) => {
  const name = from.fn(isUnused);
  const ioas = from.ioas();
  const to = ioas ?? "A";
  return [
    { op: "bind", function: name },
    { op: "open", function: name },
    { op: "bind-iommufd", function: name },
    ...(ioas === undefined ? [{ op: "ioas-alloc", ioas: "A" } as const] : []),
    { op: "attach", function: name, to },
    ...drawStart(from, name, { op: "ioas-map", ioas: to }),
  ];
};

const start: Drawer = (from) => {
  const name = from.fn(
    ({ inUse, domain, busMaster, controller }) =>
      inUse && domain !== null && (busMaster !== "on" || controller === "unknown"),
  );
  const fn = from.state.functions[name];
  const hwpt = fn?.hwpt ?? null;
  const object = hwpt === null ? null : from.state.objects[hwpt];
  const container = fn?.group.container ?? null;
  if (container !== null) return drawStart(from, name, { op: "container-map", container });
  return drawStart(from, name, object?.kind === "hwpt" ? { op: "ioas-map", ioas: object.ioas } : null);
};

const on =
  (op: Drawn["op"], isSo?: (fn: ModelFunction) => boolean): Drawer =>
  (from) => [{ op, function: from.fn(isSo) }];

/** Operations of any sequence, with how often each is drawn. */
export const functionDrawers: readonly (readonly [weight: number, draw: Drawer])[] = [
  [30, take],
  [12, start],
  [60, (from): readonly Drawn[] => [drawDma(from, from.fn(isInUse))]],
  [6, on("bind", isUnused)],
  [2, on("unbind", isUnused)],
  [6, on("open", ({ open, driver }) => open === "no" && driver === "vfio-pci")],
  [5, on("close", ({ open }) => open !== "no")],
  [4, (from): readonly Drawn[] => [{ op: "bus-master", function: from.fn(isInUse), on: from.random.chance(70) }]],
  [2, (from): readonly Drawn[] => [{ op: "nvme-identify", function: from.fn(isInUse), iova: from.iova() }]],
  [1, on("device-info", isInUse)],
  [1, on("errors-enable", ({ open, errorsTold }) => open !== "no" && errorsTold === null)],
  [2, on("errors-told", ({ errorsTold }) => errorsTold !== null)],
  [1, on("group")],
  [
    4,
    (from): readonly Drawn[] => {
      const buffer = from.buffer();
      return [{ op: "fill", buffer, page: from.page(buffer), with: `content-${String(from.random.int(1, 9))}` }];
    },
  ],
  [1, (): readonly Drawn[] => [{ op: "look" }]],
  [1, (): readonly Drawn[] => [{ op: "pinned" }]],
];

/** A reset, and DMA after it. */
const thenDma =
  (draw: (from: Source, name: string) => Drawn): Drawer =>
  (from) => {
    const name = from.fn(isInUse);
    return [draw(from, name), ...drawStart(from, name, null), drawDma(from, name)];
  };

/** Operations that reset functions, or take them away and bring them back. */
export const resetDrawers: typeof functionDrawers = [
  [12, on("reset", isInUse)],
  [6, thenDma((_, name) => ({ op: "reset", function: name }))],
  [6, thenDma((from, name) => drawHotReset(from, name))],
  [4, (from): readonly Drawn[] => [drawHotReset(from, from.fn(isInUse))]],
  [1, on("hot-reset-info", isInUse)],
  [5, on("sysfs-reset")],
  [3, on("recover", isUnused)],
  [
    3,
    (from): readonly Drawn[] => [
      { op: "reset-method", function: from.fn(), method: from.random.one(["flr", "bus", "pm", "default"]) },
    ],
  ],
  [
    4,
    (from): readonly Drawn[] => {
      const name = from.fn(isUnused);
      return [{ op: "power", function: name, on: from.state.functions[name]?.configured === false }];
    },
  ],
  [1, (from): readonly Drawn[] => [{ op: "power", function: from.fn(isUnused), on: from.random.chance(50) }]],
  [2, (from): readonly Drawn[] => [drawDomainType(from)]],
  [3, drawChurn],
  [
    1,
    on("unplug", ({ profile, unplugged, group }) => !traitsOf(profile).served && unplugged === "no" && !group.open),
  ],
];

/** One function attached and detached while another one goes and comes: all that it takes. */
function drawChurn(from: Source): readonly Drawn[] {
  const { random, state } = from;
  const own = Object.values(state.functions).filter(({ profile }) => !traitsOf(profile).served);
  const [to, fn] = [from.ioas(), random.pick(own.filter(({ iommufd, open }) => iommufd !== null && open === "cdev"))];
  const other = random.pick(own.filter((each) => each !== fn && each.configured));
  if (to === undefined || fn === undefined || other === undefined) return [];
  const [name, beside] = [fn.profile.name, other.profile.name];
  return [
    ...(fn.hwpt === null ? [] : [{ op: "detach", function: name } as const]),
    ...release(other),
    { op: "churn", function: name, to, beside, rounds: random.int(1, 3) },
  ];
}

/** A hot reset; of a function that is had by its group with its own, with those of others, or with any. */
export function drawHotReset(from: Source, name: string): Drawn {
  const isGroup = from.state.functions[name]?.open === "group";
  if (!isGroup && !from.random.chance(10)) return { op: "hot-reset", function: name };
  const all = Object.values(from.state.functions);
  // Groups that nobody has open are none that could be passed.
  const open = from.random.chance(oddity) ? all : all.filter(({ group }) => group.open);
  const names = open.map(({ profile }) => profile.name);
  const others = names.filter((each) => each !== name);
  const groups = from.random.one([[name], [name], others, names.filter(() => from.random.chance(50))]);
  return { op: "hot-reset", function: name, groups };
}

const drawDomainType = (from: Source): Drawn => ({
  op: "domain-type",
  function: from.fn(),
  type: from.random.one(["DMA", "DMA-FQ", "auto", "identity", "blocked"]),
});

/** One transfer by the kernel's driver; it is awaited that its pages are flushed so often, for that takes a second. */
function drawTransfer(from: Source, name: string, { awaited }: { readonly awaited: number }): readonly Drawn[] {
  const pages = from.random.one([1, 1, 2, 4, 8]);
  const op = from.random.chance(60) ? "block-read" : "block-write";
  return [
    ...(from.random.chance(50) ? [{ op: "counters-reset", function: name } as const] : []),
    { op, function: name, block: from.random.int(0, 31), buffer: "q", pages, apart: from.random.chance(30) },
    ...(from.random.chance(awaited) ? [{ op: "await-flush", function: name } as const] : []),
  ];
}

/** Lends a function to the kernel's driver, mostly with a queue for what it unmaps that is given to it before or after. */
const lend: Drawer = (from) => {
  const fn = from.random.pick(Object.values(from.state.functions).filter(({ configured }) => configured));
  if (fn === undefined) return [];
  const { name } = fn.profile;
  const type = from.random.one(["DMA", "DMA", "DMA-FQ", null]);
  const queued = type === "DMA" && from.random.chance(75);
  return [
    ...release(fn),
    ...(type === null ? [] : [{ op: "domain-type", function: name, type } as const]),
    { op: "drive", function: name },
    ...(queued ? [{ op: "domain-type", function: name, type: "DMA-FQ" } as const] : []),
    (later): readonly Drawn[] => drawTransfer(later, name, { awaited: 40 }),
  ];
};

/** Operations of the kernel's own driver. */
export const driverDrawers: typeof functionDrawers = [
  [3, on("drive", isUnused)],
  [4, lend],
  [
    14,
    (from): readonly Drawn[] => {
      const fn = from.random.pick(Object.values(from.state.functions).filter(({ driven }) => driven !== null));
      return fn === undefined ? [] : drawTransfer(from, fn.profile.name, { awaited: 10 });
    },
  ],
  [3, (from): readonly Drawn[] => [drawDomainType(from)]],
  [2, on("counters-reset", isBound)],
];
