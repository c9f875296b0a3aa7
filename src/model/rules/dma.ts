/** DMA, whatever device does it; and the CPU's own hand in memory. */
import { anything } from "../../compare/pattern.ts";
import { pageSize } from "../../zpci/iova.ts";
import type { Host } from "../host.ts";
import { ScenarioMistake } from "../scenario-mistake.ts";
import { traitsOf, type DeviceKind } from "../../trace/device-kinds.ts";
import { blockContent, contentOf, writeBlock, writePage } from "../contents.ts";
import { bufferPages } from "../mapping.ts";
import { isHeldOpen } from "../mocks.ts";
import { isUnheard, mayRaiseAgain, mayTellDriver } from "../recovery.ts";
import { doDma } from "./served.ts";
import { translate } from "../translate.ts";
import { fail, succeed, type Outcome, type Rules } from "../rule.ts";
import type { ModelFunction } from "../state.ts";
import { outOfReach } from "./vfio-device.ts";

/** The pages by which an NVMe is administered, and by which any device is set up: those first in use. */
const adminQueues = [0n, 1n] as const;

/**
 * What a command that was not allowed its DMA reports is the controller's affair, and no promise of the translation:
 * it may be gone, failed (CSTS.CFS), report an error, or nothing.
 */
const refusedCommand: Outcome = { result: "OK", values: anything };

/**
 * The end of an NVMe's BAR, which a guest without MIO instructions has at 0 (docs/discoveries/0003).
 * Ground: QEMU hw/nvme/ctrl.c, nvme_mbar_size with 65 queue pairs and 65 vectors.
 */
const ownRegisters = 0x4000n;

const inUse = (host: Host, name: string): ModelFunction => {
  const fn = host.fn(name);
  if (!fn.inUse) throw new ScenarioMistake(`Function "${name}" is not open`);
  return fn;
};

const withQueues = (
  host: Host,
  name: string,
  isRight: (device: DeviceKind) => boolean = () => true,
): ModelFunction => {
  const { device } = host.fn(name).profile;
  if (traitsOf({ device }).queues === null || !isRight(device))
    throw new ScenarioMistake(`Function "${name}" is a ${device} and takes no such commands`);
  return inUse(host, name);
};

const isNvme = (device: DeviceKind): boolean => device === "nvme";

/**
 * A command: fetched from its queue, its data moved, its completion written; undefined where a step was refused, `zeros`
 * where the device went on with zeros for what it could not read.
 */
function runCommand(
  host: Host,
  name: string,
  queues: readonly [bigint, bigint],
  data: { readonly iova: bigint; readonly access: "read" | "write" } | null,
): { readonly page: string | null } | "zeros" | undefined {
  const fn = host.fn(name);
  if (fn.queues === null) return undefined;
  const fetched = translate(host, fn, fn.queues + queues[0] * pageSize, "read");
  if ("refused" in fetched) return undefined;
  const moved = data === null ? null : translate(host, fn, data.iova, data.access);
  if (moved !== null && "refused" in moved) {
    if (traitsOf(fn.profile).queues?.goesOn !== true) return undefined;
    // A device may try a store again: QEMU asks for the page before it has the data, and again when it has.
    if (data?.access === "write" && moved.refused !== "silently") mayRaiseAgain(host, fn, moved.refused.pec);
    return data?.access === "read" && host.has("refused-read-gives-zeros") ? "zeros" : undefined;
  }
  const completed = translate(host, fn, fn.queues + queues[1] * pageSize, "write");
  return "refused" in completed ? undefined : { page: moved?.page ?? null };
}

function commandOn(
  host: Host,
  name: string,
  iova: string,
  access: "read" | "write",
  queues: readonly [bigint, bigint],
  done: (page: string | null) => void,
): Outcome {
  const fn = withQueues(host, name);
  // Neither the doorbell nor DMA gets through.
  if (fn.inError) return refusedCommand;
  const address = BigInt(iova);
  // hw/nvme/ctrl.c, nvme_addr_is_iomem: there it finds its own registers, which are no memory, and no DMA comes of it.
  if (isNvme(fn.profile.device) && address < ownRegisters) {
    throw new ScenarioMistake(`"${name}" has its own registers at ${iova}: choose an address from 0x4000 on`);
  }
  if (address % pageSize !== 0n) throw new ScenarioMistake(`DMA of one page needs a page-aligned IOVA, not ${iova}`);
  if (fn.controller === "unknown") {
    if (host.quirks.size === 0) {
      throw new ScenarioMistake(`The controller of "${name}" was refused DMA before: it has to be enabled first`);
    }
    if (isUnheard(host)) {
      throw new ScenarioMistake(`Whether "${name}" comes into the error state is its controller's affair, and stays`);
    }
    // Only a quirk led here: whether a controller that lost a command goes on is its own affair.
    host.giveUp();
    mayTellDriver(fn);
    return refusedCommand;
  }
  if (fn.controller === "off") return succeed({ $has: { completion: "none" } });
  const command = runCommand(host, name, queues, { iova: address, access });
  if (command === undefined) {
    fn.controller = "unknown";
    return refusedCommand;
  }
  if (command === "zeros") {
    fn.controller = "unknown";
    done(null);
    return refusedCommand;
  }
  done(command.page);
  return succeed({
    completion: "success",
    status: 0,
    [isNvme(fn.profile.device) ? "csts" : "deviceStatus"]: anything,
  });
}

/** Whether a function does DMA by itself, when the harness tells it. */
const doesDma = (host: Host, name: string): boolean => traitsOf(host.fn(name).profile).doesDma;

/** A device is reset, and its queues are set up; a first command that moves no data of anybody's says whether it can get at them. */
function enable(host: Host, fn: ModelFunction, iova: string): Outcome {
  fn.queues = BigInt(iova);
  if (fn.inError || fn.disabled) {
    fn.controller = "unknown";
    return outOfReach(host, fn);
  }
  // drivers/vfio/pci/vfio_pci_rdwr.c, vfio_pci_core_do_io_rw: -EIO where the memory is not enabled.
  if (fn.poweredOff) return fail("EIO");
  fn.busMaster = "on";
  if (runCommand(host, fn.profile.name, adminQueues, null) === undefined) {
    fn.controller = "unknown";
    return { result: "OK", values: { $has: { state: { $not: "ready" } } } };
  }
  fn.controller = "ready";
  return succeed({ state: "ready" });
}

const ioQueuesOf = (host: Host, name: string): readonly [bigint, bigint] =>
  traitsOf(host.fn(name).profile).queues?.io ?? adminQueues;

/** Rules of this file. */
export const dmaRules: Rules<
  | "bus-master"
  | "nvme-enable"
  | "queues-enable"
  | "nvme-identify"
  | "dma-write"
  | "dma-read"
  | "fill"
  | "look"
  | "pinned"
> = {
  "bus-master": {
    ground:
      "drivers/vfio/pci/vfio_pci_config.c, vfio_basic_config_write: bus master reaches the function's own command register; " +
      "arch/s390/pci/pci_insn.c, __zpci_load, for a function in the error state, and pci.c, zpci_cfg_load, for one that is disabled",
    predict: (host, { function: name, on }) => {
      const fn = inUse(host, name);
      if (fn.inError || fn.disabled) return outOfReach(host, fn);
      fn.busMaster = on ? "on" : "off";
      return succeed();
    },
  },
  "nvme-enable": {
    ground:
      "NVM Express base specification, controller initialisation; queues are fetched by DMA as any other data. In the error " +
      "state configuration space is out of reach: arch/s390/pci/pci_insn.c, __zpci_load, and vfio_pci_config.c, " +
      "vfio_default_config_read, hand the -EIO on; from 7.0 on arch/s390/pci/pci.c, pci_read, makes it one of PCI's own errors",
    predict: (host, { function: name, iova }) => enable(host, withQueues(host, name, isNvme), iova),
  },
  "queues-enable": {
    ground:
      "Virtual I/O Device specification, sections 3.1.1 and 4.1.5.1: reset, features, a queue, and section 5.2.6, VIRTIO_BLK_T_GET_ID, to " +
      "try it; descriptors and answers go by DMA as any other data (section 6.1, VIRTIO_F_ACCESS_PLATFORM). Intel 82574 and 82576 datasheets, " +
      "sections on receive and transmit descriptor rings, and MAC loopback. In the error state as nvme-enable",
    predict: (host, { function: name, iova }) =>
      enable(
        host,
        withQueues(host, name, (device) => !isNvme(device)),
        iova,
      ),
  },
  "nvme-identify": {
    ground: "NVM Express base specification, Identify controller: 4 KiB are written to the data pointer",
    predict: (host, { function: name, iova }) => {
      withQueues(host, name, isNvme);
      return commandOn(host, name, iova, "write", adminQueues, (page) => {
        writePage(host, page, `identify:${name}`);
      });
    },
  },
  "dma-write": {
    ground:
      "NVM Express NVM command set, Read, and Virtual I/O Device specification, section 5.2.6, VIRTIO_BLK_T_IN: the " +
      "block is written to the page, as a card writes what it receives; a witness writes its block as it is " +
      "(harness/vfio-user/witness.ts), and what the IOMMU refuses is told to it (vfio-user protocol, VFIO_USER_DMA_WRITE)",
    predict: (host, { function: name, iova, block }) => {
      if (doesDma(host, name)) return doDma(host, name, { iova: BigInt(iova), block, access: "write" });
      return commandOn(host, name, iova, "write", ioQueuesOf(host, name), (page) => {
        writePage(host, page, blockContent(host, name, block));
      });
    },
  },
  "dma-read": {
    ground:
      "NVM Express NVM command set, Write, and VIRTIO_BLK_T_OUT: the page is read and becomes the block, as what a card " +
      "sends does; so with a witness, whose block stays as it was where the IOMMU refuses (vfio-user protocol, VFIO_USER_DMA_READ)",
    predict: (host, { function: name, iova, block }) => {
      if (doesDma(host, name)) return doDma(host, name, { iova: BigInt(iova), block, access: "read" });
      return commandOn(host, name, iova, "read", ioQueuesOf(host, name), (page) => {
        writeBlock(host, name, block, page === null ? "zeros" : contentOf(host, page));
      });
    },
  },
  fill: {
    ground: "The CPU's own stores, ordinary memory",
    predict: (host, { buffer, page, with: content }) => {
      if (page >= bufferPages(host, buffer))
        throw new ScenarioMistake(`Buffer "${buffer}" has no page ${String(page)}`);
      writePage(host, `${buffer}[${String(page)}]`, content);
      return succeed();
    },
  },
  look: { ground: "Nothing is done", predict: () => succeed() },
  pinned: {
    ground:
      "drivers/iommu/iommufd/pages.c, iopt_area_unfill_domains and update_unpinned, and drivers/vfio/vfio_iommu_type1.c, " +
      "vfio_unmap_unpin: whoever unmaps, or closes what has mappings, ends the pins and takes back what it charged for them",
    predict: (host) => {
      const { state } = host;
      const objects = Object.values(state.objects);
      const areas = [...objects.flatMap((each) => (each?.kind === "ioas" ? each.areas : []))];
      areas.push(...Object.values(state.containers).flatMap((each) => each.areas));
      // An iommufd that an open queue holds (drivers/iommu/iommufd/eventq.c, iommufd_ctx_get) has its mappings still.
      const isOpen = areas.length > 0 || isHeldOpen(host);
      return isOpen ? { result: "OK", values: anything } : succeed({ pages: 0, locked: 0, charged: 0 });
    },
  },
};
