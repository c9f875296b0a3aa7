/** The cast of a sequence: its functions and buffers, and the subjects that it is about. */
import type { Plan } from "../plan/plan.ts";
import { makePlan } from "../plan/make-plan.ts";
import { optionsToFail } from "../scenario/requirements.ts";
import type { Profile } from "../trace/profile.ts";
import { compareVersions } from "../zpci/version.ts";
import type { Random } from "./random.ts";

/** What a sequence may be about; each takes operations of its own. */
export const subjects = [
  "iommufd",
  "type1",
  "resets",
  "mock",
  "access",
  "driver",
  "answers",
  "races",
  "memory",
] as const;

/** One of the subjects. */
export type Subject = (typeof subjects)[number];

/** Devices of functions. */
export const castDevices = ["nvme", "witness", "virtio-rng"] as const;
type CastDevice = (typeof castDevices)[number];

/** Who plays. */
export interface Cast {
  readonly functions: Readonly<Record<string, CastDevice>>;
  /** Pages of each buffer. */
  readonly buffers: Readonly<Record<string, number>>;
  readonly kernelParameters: readonly string[];
  readonly subjects: ReadonlySet<Subject>;
}

/** What subjects need of a kernel beside what all need. */
const optionsOf: Readonly<Partial<Record<Subject, readonly string[]>>> = {
  mock: ["IOMMUFD_TEST", "IOMMU_IOPF"],
  access: ["IOMMUFD_TEST"],
  type1: ["VFIO_GROUP", "VFIO_CONTAINER", "VFIO_IOMMU_TYPE1"],
  driver: ["BLK_DEV_NVME"],
  answers: ["KALLSYMS"],
  races: ["KALLSYMS"],
  memory: optionsToFail,
};

/** Subjects that a bench has what it takes for. */
export function subjectsOf({ bench, kernel, qemu }: Omit<Profile, "functions">): readonly Subject[] {
  const { options, version } = kernel;
  const tells = options.length > 0 && !options.includes("*");
  const has = (option: string): boolean => !tells || options.includes(option);
  return subjects.filter((subject) => {
    if (!(optionsOf[subject] ?? []).every(has)) return false;
    // The mock's interface is that of one line of kernels (scenario/requirements.ts); witnesses come by vfio-user-pci.
    if (subject === "mock" || subject === "access") return bench === "model" || /^7\.2(?!\d)/u.test(version);
    if (subject === "driver") return !kernel.commandLine.includes("nvme_init");
    return subject !== "races" || compareVersions(qemu.version, "10.1") >= 0;
  });
}

/** Chances of a subject in a hundred sequences; those that are slow have less. */
const chances: Readonly<Record<Subject, number>> = {
  ...{ iommufd: 80, type1: 35, resets: 50, mock: 30, access: 25, driver: 12, answers: 35, races: 25, memory: 10 },
};

/** Draws the cast of a sequence, its subjects among those that are wanted. */
export function drawCast(random: Random, wanted: readonly Subject[], profile: Omit<Profile, "functions">): Cast {
  const drawn = new Set(wanted.filter((subject) => random.chance(chances[subject])));
  // The kernel's own driver works on functions that nobody else holds: with all else about there would be none.
  if (drawn.has("driver"))
    for (const other of ["mock", "access", "races", "answers", "memory"] as const) drawn.delete(other);
  const first = random.pick(wanted.filter((subject) => subject === "iommufd" || subject === "type1"));
  if (!drawn.has("iommufd") && !drawn.has("type1") && first !== undefined) drawn.add(first);
  const kinds: CastDevice[] = compareVersions(profile.qemu.version, "10.1") < 0 ? ["nvme"] : ["nvme", "witness"];
  const device = (): CastDevice => {
    if (drawn.has("driver")) return "nvme";
    if (drawn.has("races")) return "witness";
    return random.chance(5) ? "virtio-rng" : (random.pick(kinds) ?? "nvme");
  };
  const count = drawn.has("driver") ? random.int(1, 2) : random.int(1, 3);
  const names = ["a", "b", "c"].slice(0, count);
  return {
    functions: Object.fromEntries(names.map((name) => [name, device()])),
    buffers: { p: 4, q: drawn.has("driver") ? 8 : 2 },
    kernelParameters:
      drawn.has("driver") && random.chance(40) ? [random.one(["iommu.strict=1", "iommu.strict=0"])] : [],
    subjects: drawn,
  };
}

/** The plan of a sequence that has no step yet. */
export function planOfCast(name: string, cast: Cast, profile: Omit<Profile, "functions">): Plan {
  return makePlan(
    {
      ...{
        name,
        summary: "A random sequence",
        tags: ["explored"],
        seeds: [],
        ground: null,
        requires: [],
        since: null,
      },
      ...{ also: [], deviceNeeds: [], file: name, steps: [] },
      kernelParameters: cast.kernelParameters,
      functions: cast.functions,
      buffers: cast.buffers,
    },
    profile,
  );
}
