/** Giving a plan's functions the addresses that somebody else chose for them. */
import type { DeviceKind } from "../trace/device-kinds.ts";
import type { FunctionProfile } from "../trace/profile.ts";
import type { Plan } from "./plan.ts";

/** An address for a function: of its kind of device only, or of any where that is null. */
export interface Address {
  readonly device: DeviceKind | null;
  readonly uid: number;
  readonly fid: number;
}

/**
 * The plan with its functions at these addresses, each at the first that is free for its kind; those for which none is left
 * keep to UIDs and FIDs that nobody has.
 */
export function placeFunctions(plan: Plan, addresses: readonly Address[]): Plan {
  if (addresses.length === 0) return plan;
  const left = [...addresses];
  const uids = new Set(addresses.map(({ uid }) => uid));
  const fids = new Set(addresses.map(({ fid }) => fid));
  const firstFree = (taken: Set<number>, wanted: number): number => {
    let value = wanted;
    while (taken.has(value)) value += 1;
    taken.add(value);
    return value;
  };
  const functions = plan.functions.map((each): FunctionProfile => {
    const at = left.findIndex(({ device }) => device === each.device || device === null);
    const [found] = at < 0 ? [] : left.splice(at, 1);
    if (found !== undefined) return { ...each, uid: found.uid, fid: found.fid };
    return { ...each, uid: firstFree(uids, each.uid), fid: firstFree(fids, each.fid) };
  });
  return { ...plan, functions, profile: { ...plan.profile, functions } };
}
