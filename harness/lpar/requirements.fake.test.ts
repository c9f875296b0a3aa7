import { expect, it } from "vitest";
import { examineRealHost } from "../doctor/examine-real-host.ts";
import type { Finding } from "../doctor/finding.ts";
import { openLparBench } from "../run/lpar-bench.ts";
import { startFakeRealHost, type FakeRealHost } from "../testing/fake-real-host.ts";

const { signal } = new AbortController();
const device = "sys/bus/pci/devices/0001:00:00.0";

const examine = async (fake: FakeRealHost): Promise<readonly Finding[]> => examineRealHost(fake.real, signal);
const notOk = (findings: readonly Finding[]): readonly Finding[] => findings.filter(({ state }) => state !== "ok");

it("finds nothing wrong with a host that lacks nothing, and changes nothing there", async () => {
  await using fake = await startFakeRealHost();
  // QEMU is for guests, and none of this machine's programs belongs to the tree.
  expect(notOk(await examine(fake)).map(({ what }) => what)).toEqual(["QEMU"]);
  expect(fake.get("var/tmp/zhil/lease")).toBeNull();
  expect([...(await examine(fake))].at(-2)).toMatchObject({ detail: "0001:00:00.0, driver nvme, free" });
});

/** Takes something away, or changes what is said of it. */
type Change = (fake: FakeRealHost) => void;

/** What is lacking, how it is taken away, and what is to be said of it. */
type Lack = readonly [what: string, take: Change, finding: string, remedy: RegExp];

const without =
  (path: string): Change =>
  (fake) => {
    fake.put(path, null);
  };
const saying =
  (text: string | RegExp, instead: string): Change =>
  (fake) => {
    fake.rewrite = (script) => script.replace(text, () => instead);
  };
const withoutOption =
  (name: string): Change =>
  (fake) => {
    fake.put("boot/config-7.2.13", fake.get("boot/config-7.2.13")!.replace(`CONFIG_${name}=y\n`, ""));
  };
const withoutFlock = saying('"$(command -v "$program")"', '"$([ "$program" = flock ] || echo yes)"');
const withoutPermission = saying('"$(able "$device/driver_override")"', "no");
const withForeignFolder = saying(/^if \[ -e "\$folder" \].*$/mu, "if true; then");

const lacks: readonly Lack[] = [
  ["an architecture", without("proc/sysinfo"), "machine", /architecture is s390x/u],
  ["S390_IOMMU", withoutOption("S390_IOMMU"), "kernel option S390_IOMMU", /CONFIG_S390_IOMMU=y/u],
  [
    "VFIO's devices",
    withoutOption("VFIO_DEVICE_CDEV"),
    "kernel option VFIO_DEVICE_CDEV",
    /CONFIG_VFIO_DEVICE_CDEV=y/u,
  ],
  ["vfio-pci", without("sys/bus/pci/drivers/vfio-pci"), "vfio-pci", /modprobe vfio-pci/u],
  ["iommufd", without("dev/iommu"), "iommufd", /modprobe iommufd/u],
  ["type1", without("dev/vfio/vfio"), "type1", /modprobe vfio_iommu_type1/u],
  ["a kernel log", without("dev/kmsg"), "kernel log", /Log in as root/u],
  ["debugfs", without("sys/kernel/debug"), "zPCI messages", /Mount debugfs/u],
  ["flock", withoutFlock, "flock", /util-linux/u],
  ["room", saying("df -Pk", "false"), "room", /Make room/u],
  ["the function", without(device), "function 0x00000020", /Name one of 0x00000021, 0x00000099/u],
  ["permission", withoutPermission, "function 0x00000020", /Log in as root/u],
  ["a folder of our own", withForeignFolder, "lease", /Log in as that user/u],
];

it.each(lacks)("refuses a host that lacks %s, and says what to do", async (_, take, what, remedy) => {
  await using fake = await startFakeRealHost();
  take(fake);
  const finding = notOk(await examine(fake)).find((each) => each.what === what);
  expect(finding).toMatchObject({ state: "missing" });
  expect(finding?.remedy).toMatch(remedy);
  const opening = openLparBench({ ...fake.real, agent: fake.agent, report: () => undefined, signal });
  await expect(opening).rejects.toThrow(`${what}: `);
  expect(fake.get("var/tmp/zhil/token")).toBeNull();
});

const disk = `${device}/nvme/nvme0/nvme0n1`;

/** Gives the function a disk, or a link, and files that say what is done with it. */
const having =
  (node: "disk" | "link", files: Readonly<Record<string, string>>): Change =>
  (fake) => {
    if (node === "disk") {
      fake.put(`${disk}/dev`, "259:0\n");
      fake.put(`${disk}/queue/logical_block_size`, "4096\n");
      fake.link("sys/class/block/nvme0n1", disk);
    } else {
      fake.link("sys/class/net/eno1", `${device}/net/eno1`);
    }
    for (const [path, text] of Object.entries(files)) fake.put(path, text);
  };
const partition = {
  [`${disk}/nvme0n1p1/partition`]: "1\n",
  [`${disk}/nvme0n1p1/dev`]: "259:1\n",
  "proc/self/mountinfo": "30 1 0:44 / /data rw - btrfs /dev/nvme0n1p1 rw\n",
};
const mounted = { "proc/self/mountinfo": "30 1 259:0 / /data rw - xfs /dev/x rw\n" };

const inUse: readonly (readonly [kind: string, detail: string, use: Change])[] = [
  ["mounted", "nvme0n1", having("disk", mounted)],
  ["mounted", "nvme0n1p1", having("disk", partition)],
  ["swap", "nvme0n1", having("disk", { "proc/swaps": "/dev/nvme0n1 partition 1 0 -2\n" })],
  ["held", "nvme0n1 by dm-0", having("disk", { [`${disk}/holders/dm-0`]: "" })],
  ["address", "eno1", having("link", { addresses: "2: eno1 inet 192.0.2.1/24\n" })],
  ["held", "eno1 by bond0", having("link", { [`${device}/net/eno1/upper_bond0`]: "" })],
  [
    "open",
    "process 4711",
    (fake): void => {
      fake.link(`${device}/driver`, "sys/bus/pci/drivers/vfio-pci");
      fake.link("proc/4711/fd/9", "dev/vfio/0");
    },
  ],
];

it.each(inUse)(
  "refuses a function that is in use (%s: %s), unless the configuration allows just that",
  async (kind, detail, use) => {
    await using fake = await startFakeRealHost();
    use(fake);
    const what = "function 0x00000020";
    expect(notOk(await examine(fake)).filter((each) => each.what === what)).toMatchObject([
      { state: "missing", detail: `0001:00:00.0 is in use: ${kind}: ${detail}` },
    ]);
    const [wanted] = fake.real.config.functions;
    const allowed = { ...wanted!, despite: [kind] as NonNullable<typeof wanted>["despite"] };
    const config = { ...fake.real.config, functions: [allowed] };
    const findings = await examineRealHost({ ...fake.real, config }, signal);
    expect(findings.filter((each) => each.what === what)).toMatchObject([{ state: "warning" }]);
  },
);

it("knows the disk of a controller with several paths", async () => {
  await using fake = await startFakeRealHost();
  fake.link("sys/class/block/nvme2c0n1", `${device}/nvme/nvme0/nvme2c0n1`);
  fake.put("sys/devices/virtual/nvme-subsystem/nvme2n1/dev", "259:7\n");
  fake.link("sys/class/block/nvme2n1", "sys/devices/virtual/nvme-subsystem/nvme2n1");
  fake.put("proc/self/mountinfo", "30 1 259:7 / /data rw - xfs /dev/nvme2n1 rw\n");
  expect(notOk(await examine(fake)).map(({ detail }) => detail)).toContain(
    "0001:00:00.0 is in use: mounted: nvme2n1",
  );
});
