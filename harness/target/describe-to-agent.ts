import type { FunctionProfile } from "../../src/trace/profile.ts";

/** Where the guest finds a function, as the agent's `define-function` takes it. */
export const describeToAgent = ({
  name,
  uid,
  fid,
}: Pick<FunctionProfile, "name" | "uid" | "fid">): Readonly<Record<string, string | number>> => ({
  function: name,
  address: `${uid.toString(16).padStart(4, "0")}:00:00.0`,
  fid,
});
