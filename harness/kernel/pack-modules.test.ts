import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { afterEach, beforeEach, expect, it } from "vitest";
import { digestBytes } from "../assets/digest.ts";
import { makeModule } from "../testing/make-module.ts";
import { packModules } from "./pack-modules.ts";

const never = new AbortController().signal;
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "zhil-modules-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function addModule(path: string, depends: string): Promise<void> {
  const module = makeModule([`depends=${depends}`]);
  await mkdir(join(folder, dirname(path)), { recursive: true });
  await writeFile(join(folder, path), path.endsWith(".gz") ? gzipSync(module) : module);
}

const archive = (): string => join(folder, "modules.gz");
const unpack = async (): Promise<string> => gunzipSync(await readFile(archive())).toString("latin1");

it("packs what is needed with all it depends on, listed in the order of loading, and nothing else", async () => {
  await addModule("drivers/vfio/pci/vfio-pci.ko.gz", "vfio-pci-core");
  await addModule("drivers/vfio/pci/vfio-pci-core.ko.gz", "vfio,irqbypass");
  await addModule("drivers/vfio/vfio.ko", "");
  await addModule("virt/lib/irqbypass.ko.gz", "");
  await addModule("drivers/vfio/vfio_iommu_type1.ko.gz", "vfio");
  await addModule("drivers/nvme/host/nvme.ko.gz", "nvme-core");
  const packed = await packModules(folder, archive(), never);
  expect(packed).toEqual({ path: archive(), digest: digestBytes(await readFile(archive())) });
  const text = await unpack();
  expect(text).toContain("vfio.ko\nvfio_iommu_type1.ko\nirqbypass.ko\nvfio_pci_core.ko\nvfio_pci.ko\n");
  expect(text.match(/modules\/\w+\.ko/g)).toHaveLength(5);
  expect(text.match(/\x7fELF/g)).toHaveLength(5);
});

it("packs nothing where all is built in", async () => {
  await addModule("drivers/nvme/host/nvme.ko", "nvme-core");
  expect(await packModules(folder, archive(), never)).toBeNull();
});

it("names a module that is missing", async () => {
  await addModule("drivers/vfio/vfio.ko", "iommufd");
  await expect(packModules(folder, archive(), never)).rejects.toThrow(
    'Cannot load the kernel module "vfio": it needs "iommufd", which its package does not have',
  );
});

it("names a module that cannot be read", async () => {
  await writeFile(join(folder, "vfio.ko"), "hello");
  await expect(packModules(folder, archive(), never)).rejects.toThrow('Cannot read the kernel module "vfio.ko"');
  await rm(join(folder, "vfio.ko"));
  await writeFile(join(folder, "vfio.ko.lzo"), "hello");
  await expect(packModules(folder, archive(), never)).rejects.toThrow(/unknown compression$/);
});
