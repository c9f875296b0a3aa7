import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, expect, it } from "vitest";
import { examineGivenKernel } from "./given-kernel.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "zhil-given-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const release = "\0\x01boot\x007.1.0-rc3+ (jane@example) #12 SMP PREEMPT Mon\0";

async function writeImage(path: string, ...parts: readonly (string | Buffer)[]): Promise<string> {
  await writeFile(join(folder, path), Buffer.concat(parts.map((part) => Buffer.from(part))));
  return join(folder, path);
}

it("knows a kernel by the release in its boot code, and its options by the configuration beside it", async () => {
  const image = await writeImage("vmlinuz-7.1.0-rc3+", release);
  await writeFile(join(folder, "config-7.1.0-rc3+"), "CONFIG_IOMMUFD=y\nCONFIG_VFIO=m\n");
  const kernel = await examineGivenKernel(image);
  expect(kernel).toMatchObject({
    version: "7.1.0-rc3+",
    options: ["IOMMUFD", "VFIO"],
    vmlinux: null,
    origin: "given",
  });
  expect(kernel.digest).toMatch(/^sha256:[0-9a-f]{64}$/);
});

it("finds configuration and vmlinux at the top of a build folder", async () => {
  await mkdir(join(folder, "arch/s390/boot"), { recursive: true });
  const image = await writeImage("arch/s390/boot/bzImage", release);
  await writeFile(join(folder, ".config"), "CONFIG_PCI=y\n");
  await writeFile(join(folder, "vmlinux"), "");
  expect(await examineGivenKernel(image)).toMatchObject({ options: ["PCI"], vmlinux: join(folder, "vmlinux") });
});

it("takes the configuration out of the image where it is in it", async () => {
  const image = await writeImage("bzImage", release, "IKCFG_ST", gzipSync("CONFIG_S390_IOMMU=y\n"), "IKCFG_ED");
  expect(await examineGivenKernel(image)).toMatchObject({ options: ["S390_IOMMU"] });
});

it("leaves the options unknown where nothing tells them", async () => {
  expect(await examineGivenKernel(await writeImage("bzImage", release))).toMatchObject({ options: [] });
});

it("refuses what is no kernel, and what is not there", async () => {
  await expect(examineGivenKernel(await writeImage("bzImage", "hello"))).rejects.toThrow(/it names no release/);
  await expect(examineGivenKernel(join(folder, "none"))).rejects.toThrow(/^Cannot read the kernel/);
});
