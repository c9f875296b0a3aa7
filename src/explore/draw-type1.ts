/** Operations of VFIO's group and container, with the type1 IOMMU. */
import type { ModelFunction } from "../model/state.ts";
import type { Drawn, Source } from "./draw.ts";
import { drawAnyDma, drawDma, drawHotReset, drawStart, type functionDrawers } from "./draw-function.ts";
import { drawMapping, drawRange } from "./draw-iommufd.ts";

const containerNames = ["K", "L"];

const isOpenGroup = ({ group }: ModelFunction): boolean => group.open;
const isUnused = ({ open, group }: ModelFunction): boolean => open === "no" && !group.open;

const containerOf = (from: Source): string | undefined => from.random.pick(Object.keys(from.state.containers));

/** Takes a function by its group, into a container that is there or a new one. */
function takeType1(from: Source): readonly Drawn[] {
  const name = from.fn(isUnused);
  const there = Object.entries(from.state.containers).find(([, { iommuSet }]) => iommuSet)?.[0];
  const fresh = containerNames.find((each) => from.state.containers[each] === undefined);
  const joins = there !== undefined && (fresh === undefined || from.random.chance(70));
  const container = joins ? there : fresh;
  if (container === undefined) return [];
  return [
    { op: "bind", function: name },
    ...(joins ? [] : [{ op: "container-open", container } as const]),
    { op: "group-open", function: name },
    { op: "group-set-container", function: name, container },
    ...(joins ? [] : [{ op: "container-set-iommu", container } as const]),
    { op: "group-get-device", function: name },
    ...drawStart(from, name, { op: "container-map", container }),
  ];
}

function drawUnmap(from: Source, container: string): readonly Drawn[] {
  const range = drawRange(from, from.state.containers[container]?.areas ?? [], { chanceOfWhole: 70 });
  const unmap: Drawn = { op: "container-unmap", container, ...range };
  return from.random.chance(50) ? [unmap, drawAnyDma(from, range.iova)] : [unmap];
}

/** One operation on a container, if there is any. */
const onContainer =
  (draw: (from: Source, container: string) => readonly Drawn[]) =>
  (from: Source): readonly Drawn[] => {
    const container = containerOf(from);
    return container === undefined ? [] : draw(from, container);
  };

/** Operations of sequences about type1. */
export const type1Drawers: typeof functionDrawers = [
  [24, takeType1],
  [
    2,
    (from): readonly Drawn[] => {
      const container = containerNames.find((each) => from.state.containers[each] === undefined);
      return container === undefined ? [] : [{ op: "container-open", container }];
    },
  ],
  [2, onContainer((_, container) => [{ op: "container-set-iommu", container }])],
  [3, onContainer((_, container) => [{ op: "container-info", container }])],
  [
    20,
    onContainer((from, container) => {
      const mapping = drawMapping(from);
      const map: Drawn = { op: "container-map", container, ...mapping };
      const name = from.fn(({ inUse }) => inUse);
      return from.random.chance(50) ? [map, drawDma(from, name, mapping["iova"] as string)] : [map];
    }),
  ],
  [14, onContainer((from, container) => drawUnmap(from, container))],
  [4, (from): readonly Drawn[] => [{ op: "group-open", function: from.fn(({ driver }) => driver === "vfio-pci") }]],
  [3, (from): readonly Drawn[] => [{ op: "group-close", function: from.fn(isOpenGroup) }]],
  [4, onContainer((from, container) => [{ op: "group-set-container", function: from.fn(isOpenGroup), container }])],
  [3, (from): readonly Drawn[] => [{ op: "group-unset-container", function: from.fn(isOpenGroup) }]],
  [4, (from): readonly Drawn[] => [{ op: "group-get-device", function: from.fn(isOpenGroup) }]],
  [
    3,
    (from): readonly Drawn[] => [
      drawHotReset(
        from,
        from.fn(({ open }) => open === "group"),
      ),
    ],
  ],
];
