import { modelProfile } from "../target/model-target.ts";
import type { Profile } from "../trace/profile.ts";

/** The model's profile as that of a guest, which has its functions from a host. */
export const guestProfile = {
  ...modelProfile,
  bench: "passthrough",
  host: { kernel: { version: "7.2", digest: "none" }, qemu: { version: "11.1", digest: "none" }, backend: "iommufd" },
} as const satisfies Omit<Profile, "functions">;
