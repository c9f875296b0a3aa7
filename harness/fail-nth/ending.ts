/** What follows a scenario whose allocations failed: all is let go of, nothing is held, and the functions serve again. */
import { traitsOf } from "../../src/trace/device-kinds.ts";
import type { HostState, ModelFunction } from "../../src/model/state.ts";
import type { Plan } from "../../src/plan/plan.ts";
import type { Operation } from "../../src/operation/operation.ts";

/** Names that no scenario has. */
const again = { iommufd: "again", ioas: "Again" } as const;

/** Closes everything that is open: devices, groups, containers, iommufds; after that nothing of the process is held. */
export function listReleases(
  { functions, containers, iommufds }: HostState,
  { steps }: Pick<Plan, "steps">,
): readonly Operation[] {
  const isClosed = (name: string): boolean =>
    steps.findLast(
      ({ operation: { op, ...fields } }) =>
        op.startsWith("container-") && "container" in fields && fields.container === name,
    )?.operation.op === "container-close";
  const all = Object.values(functions);
  return [
    ...all.filter(({ open }) => open !== "no").map((fn): Operation => ({ op: "close", function: nameOf(fn) })),
    ...all.filter(({ group }) => group.open).map((fn): Operation => ({ op: "group-close", function: nameOf(fn) })),
    ...Object.keys(containers)
      .filter((name) => !isClosed(name))
      .map((container): Operation => ({ op: "container-close", container })),
    ...Object.keys(iommufds).map((iommufd): Operation => ({ op: "iommufd-close", iommufd })),
    { op: "pinned" },
  ];
}

/** Takes functions from their driver, gives them back, and attaches them anew: those that a kernel still has in order. */
export function listSecondRound({ functions }: HostState): readonly Operation[] {
  const sound = Object.values(functions).filter(
    (fn) =>
      fn.plugged &&
      fn.configured &&
      !fn.inError &&
      !fn.givenUp &&
      fn.driver === "vfio-pci" &&
      (fn.end.connected || !traitsOf(fn.profile).served),
  );
  const round = sound.flatMap((fn): Operation[] => {
    const name = { function: nameOf(fn) };
    return [
      ...([
        { op: "unbind", ...name },
        { op: "bind", ...name },
        { op: "open", ...name },
      ] as const),
      { op: "bind-iommufd", ...name, iommufd: again.iommufd },
    ];
  });
  if (round.length === 0) return [];
  return [
    ...round,
    { op: "ioas-alloc", ioas: again.ioas, iommufd: again.iommufd },
    ...sound.map((fn): Operation => ({ op: "attach", function: nameOf(fn), to: again.ioas })),
    ...sound.map((fn): Operation => ({ op: "close", function: nameOf(fn) })),
    { op: "iommufd-close", iommufd: again.iommufd },
    { op: "pinned" },
  ];
}

const nameOf = ({ profile }: ModelFunction): string => profile.name;
