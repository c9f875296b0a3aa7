/** The state that a plan starts in. */
import type { Plan } from "../plan/plan.ts";
import { traitsOf } from "../trace/device-kinds.ts";
import { offerOf } from "../zpci/aperture.ts";
import { defaultTypeOf } from "./rules/domain.ts";
import { makeEnd } from "./rules/served.ts";
import type { HostState, ModelFunction } from "./state.ts";

/** The state a plan starts in: every function plugged, without a driver, its DMA in the kernel's own hands. */
export function initialState(plan: Pick<Plan, "functions" | "buffers" | "profile">): HostState {
  const functions = Object.fromEntries(
    plan.functions.map((profile, index): [string, ModelFunction] => [
      profile.name,
      {
        profile: Object.freeze({ ...profile }),
        plugged: !traitsOf(profile).pluggedLate,
        end: makeEnd(profile),
        configured: !traitsOf(profile).pluggedLate,
        removed: false,
        unplugged: "no",
        leaves: null,
        takenFor: null,
        offer: Object.freeze({ ...offerOf(plan.profile) }),
        removing: false,
        disabled: false,
        driver: null,
        driven: null,
        open: "no",
        inUse: false,
        measured: false,
        iommufd: null,
        hasStaleId: false,
        hwpt: null,
        group: { open: false, container: null },
        resetMethod: "default",
        resets: traitsOf(profile).resets,
        slotResets: true,
        poweredOff: false,
        resetWorks: false,
        domain: null,
        onDefault: true,
        groupNumber: traitsOf(profile).pluggedLate ? null : index,
        defaultType: defaultTypeOf(plan.profile),
        left: null,
        unregistered: false,
        shadow: new Map(),
        lostEntries: 0,
        outside: {
          there: true,
          driver: "vfio-pci",
          open: true,
          resetMethod: "default",
          hidden: [],
          wanted: "no",
          used: false,
        },
        kept: new Map(),
        inError: false,
        givenUp: false,
        busMaster: "off",
        interrupts: 0,
        errorsTold: null,
        controller: "off",
        queues: null,
      },
    ]),
  );
  const memory = Object.fromEntries(
    plan.buffers.flatMap(({ name, pages }) =>
      Array.from({ length: pages }, (_, page) => [`${name}[${String(page)}]`, `fill:${name}[${String(page)}]`]),
    ),
  ) as Record<string, string>;
  const bufferPages = Object.fromEntries(plan.buffers.map(({ name, pages }) => [name, pages]));
  return {
    functions,
    iommufds: {},
    objects: {},
    others: {},
    lost: false,
    containers: {},
    domains: {},
    memory,
    uncertainPages: [],
    blocks: {},
    bufferPages,
    unheard: [],
    autoCount: 0,
    domainCount: 0,
  };
}
