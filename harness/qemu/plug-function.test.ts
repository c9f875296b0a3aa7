import { readFile } from "node:fs/promises";
import { expect, it } from "vitest";
import { digestOf, patternPage } from "../agent/pattern.ts";
import { ResourceScope } from "../lifecycle/resource-scope.ts";
import { makePlayground } from "../testing/fake-machine.ts";
import { fakePlan } from "../testing/fake-plan.ts";
import { plugCommands, nvmeSerial } from "./device.ts";
import { mediumBlocks, readBlock } from "./medium.ts";
import { pathBehind, plugFunction, unplugFunction } from "./plug-function.ts";

const never = new AbortController().signal;
const nvme = { name: "a", device: "nvme", uid: 5, fid: 32 } as const;

it("plugs the zPCI side first, then the device that it is for", () => {
  expect(plugCommands(nvme, "/m.raw").map(({ execute, arguments: fields }) => [execute, fields])).toEqual([
    ["blockdev-add", { driver: "raw", "node-name": "medium-32", file: { driver: "file", filename: "/m.raw" } }],
    ["device_add", { driver: "zpci", id: "zpci-a", uid: 5, fid: 32, target: "function-a" }],
    [
      "device_add",
      {
        driver: "nvme",
        serial: "zhil-a",
        drive: "medium-32",
        logical_block_size: 4096,
        physical_block_size: 4096,
        id: "function-a",
      },
    ],
  ]);
});

it("sends virtio's DMA through the IOMMU", () => {
  expect(plugCommands({ ...nvme, device: "virtio-rng" }, "")[1]?.arguments).toMatchObject({
    driver: "virtio-rng-pci",
    iommu_platform: true,
    "disable-legacy": "on",
  });
});

it("has a disk of virtio fetch requests by one queue, and when it is told of them", () => {
  expect(plugCommands({ ...nvme, device: "virtio-blk" }, "/m.raw").map(({ arguments: fields }) => fields)).toEqual([
    { driver: "raw", "node-name": "medium-32", file: { driver: "file", filename: "/m.raw" } },
    { driver: "zpci", id: "zpci-a", uid: 5, fid: 32, target: "function-a" },
    {
      ...{ driver: "virtio-blk-pci", drive: "medium-32", iommu_platform: true, "disable-legacy": "on" },
      ...{ "num-queues": 1, ioeventfd: false, id: "function-a" },
    },
  ]);
});

it("gives each igb room for its virtual functions, and no card anything to boot from", () => {
  const slotOf = (uid: number): unknown => plugCommands({ ...nvme, device: "igb", uid }, "")[1]?.arguments["addr"];
  expect([1, 2, 3, 8].map(slotOf)).toEqual(["0", "2", "4", "e"]);
  for (const device of ["igb", "e1000e"] as const) {
    expect(plugCommands({ ...nvme, device }, "")[1]?.arguments).toMatchObject({ driver: device, romfile: "" });
  }
});

it("has QEMU connect to the socket of a function that this process serves", () => {
  expect(plugCommands({ ...nvme, device: "witness" }, "/f.sock")[1]?.arguments).toEqual({
    driver: "vfio-user-pci",
    socket: { type: "unix", path: "/f.sock" },
    id: "function-a",
  });
});

it("cuts a serial number where NVMe's field ends", () => {
  expect(nvmeSerial("a-function-with-a-long-name")).toBe("zhil-a-function-with");
});

it("gives an NVMe a medium whose blocks say which they are, and takes the function away again", async () => {
  await using playground = await makePlayground();
  await using target = await playground.makeTarget({}).start({ ...fakePlan, functions: [], buffers: [] }, never);
  await using scope = new ResourceScope();
  const { medium } = await plugFunction(target.machine, nvme, { scope }, never);
  expect(medium).toBe(pathBehind(target.machine.folder, nvme));
  expect((await readFile(medium!)).length).toBe(mediumBlocks * 4096);
  expect(digestOf(readBlock(medium!, 255))).toBe(digestOf(patternPage("block:a:255")));
  expect(readBlock(medium!, 256)).toHaveLength(0);
  await unplugFunction(target.machine, nvme, never);
});
