/** Which of the kernel's own tests are known here: how they are built and run, and what explains their results. */
import { join } from "node:path";
import { projectRoot } from "../assets/project-root.ts";

/** A folder of tools/testing/selftests. */
export interface Collection {
  readonly name: string;
  /** Folder in the kernel's source. */
  readonly folder: string;
  /** Its programs; each is one C file. */
  readonly programs: readonly string[];
  /** User API headers that must be of the same version as the tests. */
  readonly headers: readonly string[];
  /** Milliseconds that one case may take, before ZHIL_TIME_SCALE. The harness in the program has a limit of its own, of 30 s. */
  readonly caseLimit: number;
  /** File of explanations. */
  readonly explanations: string;
}

/** What is ours of the tests: explanations, and headers that they need. */
export const kselftestFixtures: string = join(projectRoot, "fixtures/kselftest");

/** Every collection, by name. */
export const collections = {
  iommu: {
    name: "iommu",
    folder: "tools/testing/selftests/iommu",
    programs: ["iommufd", "iommufd_fail_nth"],
    headers: ["linux/iommufd.h", "linux/vfio.h"],
    caseLimit: 60_000,
    explanations: join(kselftestFixtures, "iommu.yaml"),
  },
} as const satisfies Readonly<Record<string, Collection>>;

/** Name of a collection. */
export type CollectionName = keyof typeof collections;

/** The names, in order. */
export const collectionNames = Object.keys(collections) as CollectionName[];

/** Folder of the guest that holds the programs. */
export const guestFolder = "kselftest";
