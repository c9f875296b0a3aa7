import { modelProfile } from "../target/model-target.ts";
import type { Profile } from "../trace/profile.ts";

/** The model's profile, with a kernel of the 6.1 line. */
export const oldProfile = {
  ...modelProfile,
  kernel: { ...modelProfile.kernel, version: "6.1.176" },
} as const satisfies Omit<Profile, "functions">;
