/** Boxes of iommufd's mock objects, which have no table of their own. */
import type { MockObject } from "../model/mock-state.ts";
import type { PictureEdge, PictureNode } from "./picture-shape.ts";

/** What each kind is called, and the row it stands in. */
const kinds = {
  mock: { word: "mock", layer: 0 },
  vdevice: { word: "vDEVICE", layer: 1 },
  "event-queue": { word: "event queue", layer: 1 },
  "mock-hwpt": { word: "HWPT", layer: 2 },
  viommu: { word: "vIOMMU", layer: 2 },
  "hw-queue": { word: "HW queue", layer: 1 },
  "fault-queue": { word: "fault queue", layer: 3 },
  access: { word: "access", layer: 2 },
} as const;

/** The box of a mock object, and what leads from it. */
export function describeMock(
  name: string,
  object: MockObject,
): { readonly node: PictureNode; readonly edges: readonly PictureEdge[] } {
  const { word, layer } = kinds[object.kind];
  const id = `object:${name}`;
  const to = (target: string | null, label = ""): PictureEdge[] =>
    target === null ? [] : [{ from: id, to: `object:${target}`, label }];
  const box = (lines: readonly string[], edges: readonly PictureEdge[]): ReturnType<typeof describeMock> => ({
    node: { id, layer, kind: object.kind, title: `${word} ${name}`, lines },
    edges,
  });
  switch (object.kind) {
    case "mock": {
      const pasids = Object.entries(object.pasids).flatMap(([pasid, hwpt]) => to(hwpt, `PASID ${pasid}`));
      return box([], [...to(object.hwpt), ...pasids]);
    }
    case "mock-hwpt":
      return box(object.auto ? ["automatic"] : [], [
        ...to(object.ioas),
        ...to(object.parent, "nested"),
        ...to(object.queue, "faults"),
      ]);
    case "viommu":
      return box([], to(object.parent));
    case "vdevice":
      return box([`device ${String(object.number)}`], to(object.viommu));
    case "hw-queue":
      return box([`index ${String(object.index)}`], [...to(object.viommu), ...to(object.ioas, "locks")]);
    case "event-queue":
      return box([`${String(object.events.length)} of ${String(object.depth)} events`], to(object.viommu));
    case "fault-queue":
      return box(
        [
          `${String(object.undelivered.length)} to be read`,
          `${String(Object.keys(object.unanswered).length)} unanswered`,
        ],
        [],
      );
    case "access":
      return box([`${String(object.held.length)} pinned`], to(object.ioas));
  }
}
