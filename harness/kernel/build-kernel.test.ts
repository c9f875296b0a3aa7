import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import type { Progress } from "../assets/progress.ts";
import { buildKernel, hasOutputKey, KernelBuildError, withOutputKey, type KernelBuild } from "./build-kernel.ts";

let folder: string;
let seen: Progress[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "zhil-build-"));
  seen = [];
  await mkdir(join(folder, "result"));
  await writeFile(join(folder, "fragment"), "CONFIG_PCI=y\nCONFIG_VFIO=y\n");
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** A make that configures as `configured` says and then runs `script`; $out is the output folder. */
async function describeBuild(configured: string, script: string): Promise<KernelBuild> {
  const make = join(folder, "make");
  await writeFile(
    make,
    `#!/bin/sh
for word; do case "$word" in O=*) out=\${word#O=} ;; esac; last=$word; done
if [ "$last" = allnoconfig ]; then
  [ -r "$KCONFIG_ALLCONFIG" ] || exit 9
  printf '${configured}' >"$out/.config"
  exit 0
fi
${script}
`,
  );
  await chmod(make, 0o755);
  return {
    preparation: {
      root: folder,
      update: false,
      report: (progress) => seen.push(progress),
      signal: new AbortController().signal,
    },
    // Standard error stands for the lock: any descriptor will do.
    lock: 2,
    source: folder,
    output: join(folder, "output"),
    fragments: [join(folder, "fragment")],
    compiler: { prefix: "s390x-linux-gnu-", version: "gcc 12", cached: false },
    title: "the lean kernel 7.2",
    kind: "base",
    make,
  };
}

const complete = "CONFIG_PCI=y\\nCONFIG_VFIO=y\\nCONFIG_A=m\\n";
const success = `
mkdir -p "$out/arch/s390/boot" "$out/include/config"
echo "  CC      kernel/fork.o"
echo image >"$out/arch/s390/boot/bzImage"; echo elf >"$out/vmlinux"
echo 7.2.13 >"$out/include/config/kernel.release"`;

it("hands back image, ELF file and configuration, and what they are", async () => {
  const built = await buildKernel(await describeBuild(complete, success), join(folder, "result"));
  expect(built).toMatchObject({ version: "7.2.13", options: ["A", "PCI", "VFIO"] });
  expect(built.digest).toMatch(/^sha256:/);
  expect(await readFile(join(folder, "result/bzImage"), "utf8")).toBe("image\n");
  expect(await readFile(join(folder, "result/config"), "utf8")).toContain("CONFIG_VFIO=y");
  expect(seen).toMatchObject([{ kind: "advance", task: "Building the lean kernel 7.2" }]);
});

it("configures by all fragments, and misses what any of them asks for", async () => {
  await writeFile(join(folder, "on-top"), "CONFIG_KASAN=y\nCONFIG_VFIO=m\n");
  const build = { ...(await describeBuild(complete, success)), fragments: ["fragment", "on-top"] };
  const fragments = build.fragments.map((name) => join(folder, name));
  await expect(buildKernel({ ...build, fragments }, join(folder, "result"))).rejects.toThrow(
    "it does not keep CONFIG_VFIO=m, CONFIG_KASAN=y",
  );
  expect(await readFile(join(build.output, "zhil.config"), "utf8")).toContain("CONFIG_VFIO=y\n\n\nCONFIG_KASAN=y");
});

it("names every option that did not survive, and builds nothing", async () => {
  const build = await describeBuild("CONFIG_PCI=m\\n", success);
  await expect(buildKernel(build, join(folder, "result"))).rejects.toThrow(
    "Cannot configure the lean kernel 7.2: it does not keep CONFIG_PCI=y, CONFIG_VFIO=y",
  );
  expect(seen).toEqual([]);
});

it("shows the first error of a failing build, and where the whole log is", async () => {
  const build = await describeBuild(
    complete,
    `echo "  CC      drivers/iommu/s390-iommu.o"
echo "drivers/iommu/s390-iommu.c:12:3: error: 'x' undeclared" >&2
echo "make[1]: *** [drivers] Error 2" >&2
exit 2`,
  );
  const failure = await buildKernel(build, join(folder, "result")).catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(KernelBuildError);
  expect(failure).toMatchObject({
    what: "Cannot build the lean kernel 7.2: make ended with exit code 2: drivers/iommu/s390-iommu.c:12:3: error: 'x' undeclared",
    remedy: `See the whole log in "${join(folder, "build-base.log")}"`,
  });
  expect(await readFile(join(folder, "build-base.log"), "utf8")).toContain("Error 2");
});

it("takes an output folder for whole only when its build ended well", async () => {
  const output = join(folder, "output");
  await mkdir(output);
  await withOutputKey(output, "one", () => Promise.resolve());
  expect([await hasOutputKey(output, "one"), await hasOutputKey(output, "two")]).toEqual([true, false]);
  await expect(withOutputKey(output, "one", () => Promise.reject(new Error("no")))).rejects.toThrow("no");
  expect(await hasOutputKey(output, "one")).toBe(false);
});
