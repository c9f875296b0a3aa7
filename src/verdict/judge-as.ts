/** Judging a kernel by what another version of it did: whatever it does otherwise fails, right or wrong. */
import type { Plan } from "../plan/plan.ts";
import type { Profile } from "../trace/profile.ts";
import { judge, type Judgement, type Performed } from "./judge.ts";
import type { Ledger } from "./ledger.ts";

/** A profile as one with a kernel of that version; as it is where there is none. */
export const asVersion = <P extends Pick<Profile, "kernel">>(profile: P, version: string | null): P =>
  version === null ? profile : { ...profile, kernel: { ...profile.kernel, version } };

/** Judges a trace by the rules and the ledger of a kernel of that version, and says so; by its own where there is none. */
export function judgeAs(version: string | null, plan: Plan, trace: Performed, ledger: Ledger): Judgement {
  if (version === null) return judge(plan, trace, ledger);
  const judgement = judge({ ...plan, profile: asVersion(plan.profile, version) }, trace, ledger);
  const caveat = `kernel ${plan.profile.kernel.version} is judged as ${version}: that was asked for`;
  return { ...judgement, caveats: [caveat, ...judgement.caveats] };
}
