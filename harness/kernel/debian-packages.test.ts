import { expect, it } from "vitest";
import type { Archive, Package } from "../assets/archive.ts";
import { InfrastructureError, UsageError } from "../errors/harness-error.ts";
import { findDebianKernel, listKernels } from "./debian-packages.ts";

const own = (suite: string, version: string, ...names: readonly string[]): readonly Package[] =>
  names.map((name) => ({ name, version, suite, architecture: "s390x" }));

const shelves = [
  ...own("experimental", "7.3~rc7-1~exp1", "linux-image-7.3-s390x"),
  ...["image", "binary", "modules", "base"].flatMap((part) =>
    own("testing", "7.2.12-1", `linux-${part}-7.2.12+deb14-s390x`),
  ),
  ...own("testing", "7.2.12-1", "linux-image-7.2.12+deb14-s390x-dbg", "linux-headers-7.2.12+deb14-s390x"),
  ...own("stable", "6.12.94-1", "linux-image-6.12.94+deb13-s390x"),
  ...own("stable", "6.12.107-1", "linux-image-6.12.107+deb13-s390x", "linux-image-s390x"),
  { ...own("stable", "6.12.108-1", "linux-image-6.12.108+deb13-s390x")[0], architecture: "all" } as Package,
  ...own("oldstable-backports", "6.12.95-1~bpo12+1", "linux-image-6.12.95+deb12-s390x"),
  ...own("oldstable", "6.1.176-1", "linux-image-6.1.0-50-s390x"),
];

/** An archive in which only the suites named can be reached; what it was asked for is kept. */
function makeArchive(reached: readonly string[]): { readonly archive: Archive; readonly asked: string[] } {
  const asked: string[] = [];
  const seen = (): readonly Package[] => shelves.filter(({ suite }) => asked.includes(suite));
  const archive: Pick<Archive, "ask" | "find" | "listNames"> = {
    ask: (suite, architecture) => {
      expect(architecture).toBe("s390x");
      if (reached.includes(suite)) asked.push(suite);
      return Promise.resolve(reached.includes(suite));
    },
    listNames: (prefix) =>
      Promise.resolve(
        seen()
          .map(({ name }) => name)
          .filter((name) => name.startsWith(prefix)),
      ),
    find: (...names) => Promise.resolve(seen().filter(({ name }) => names.includes(name))),
  };
  return { archive: archive as Archive, asked };
}

const all = ["unstable", "testing", "stable-backports", "stable", "oldstable-backports", "oldstable", "experimental"];

it.each([
  ["6.12", "6.12.107-1", "6.12.107+deb13-s390x", "stable"],
  ["6.12.94", "6.12.94-1", "6.12.94+deb13-s390x", "stable"],
  ["6.12.95", "6.12.95-1~bpo12+1", "6.12.95+deb12-s390x", "oldstable-backports"],
  ["6.1", "6.1.176-1", "6.1.0-50-s390x", "oldstable"],
  ["7.3", "7.3~rc7-1~exp1", "7.3-s390x", "experimental"],
])("finds the newest %s", async (wanted, version, release, suite) => {
  expect(await findDebianKernel(makeArchive(all).archive, wanted)).toMatchObject({ version, release, suite });
});

it("takes every part of a kernel that is split, and nothing else of it", async () => {
  const { packages } = await findDebianKernel(makeArchive(all).archive, "7.2");
  expect(packages.map(({ name }) => name)).toEqual([
    "linux-image-7.2.12+deb14-s390x",
    "linux-binary-7.2.12+deb14-s390x",
    "linux-modules-7.2.12+deb14-s390x",
    "linux-base-7.2.12+deb14-s390x",
  ]);
});

it("asks no further once it has one", async () => {
  const { archive, asked } = makeArchive(all);
  await findDebianKernel(archive, "7.2");
  expect(asked).toEqual(["unstable", "testing"]);
});

it("goes on without a suite that cannot be reached", async () => {
  const found = await findDebianKernel(makeArchive(["oldstable-backports"]).archive, "6.12");
  expect(found.version).toBe("6.12.95-1~bpo12+1");
});

it("names the versions there are where the one asked for is none, oldest first, and suites not reached", async () => {
  const finding = findDebianKernel(makeArchive(["stable", "oldstable"]).archive, "5.4");
  await expect(finding).rejects.toThrow(UsageError);
  await expect(finding).rejects.toThrow(
    /^Cannot find the kernel "debian\/5.4": the archive has 6.1.176-1, 6.12.94-1, 6.12.107-1 \(unstable cannot be reached;/,
  );
});

it("does not blame the version where no suite can be reached", async () => {
  await expect(findDebianKernel(makeArchive([]).archive, "6.12")).rejects.toThrow(InfrastructureError);
});

it("takes no package twice that two suites have", () => {
  const both = ["unstable", "testing"].flatMap((suite) => own(suite, "7.2.12-1", "linux-image-7.2.12+deb14-s390x"));
  expect(listKernels(both, "testing")).toEqual([
    { release: "7.2.12+deb14-s390x", version: "7.2.12-1", suite: "testing", packages: both.slice(1) },
  ]);
});
