/** A function in the hands of the kernel's NVMe driver: its DMA goes through the DMA API and the group's default domain. */
import { between } from "../../compare/pattern.ts";
import type { OperationFields } from "../../operation/operation.ts";
import { blockContent, contentOf, writeBlock, writePage } from "../contents.ts";
import type { Host } from "../host.ts";
import { ScenarioMistake } from "../scenario-mistake.ts";
import { bufferPages } from "../mapping.ts";
import { fail, succeed, type Outcome, type Rules } from "../rule.ts";
import { freshCounters, type Bounds, type Driven, type ModelFunction } from "../state.ts";
import { requireUnused } from "./function.ts";

/** More than any count here. */
const many = 1_000_000_000;

/** Milliseconds after which pages that wait in a flush queue are flushed, less what a tick may be late to be counted. */
const shortestWait = 900;

/** Transfers of so many pages need a list of them for the device, whose first page is taken from a pool when it is first needed. */
const needsList = (pages: number): boolean => pages > 2 && pages < 8;

const add = (bounds: Bounds, low: number, high = low): void => {
  bounds.low += low;
  bounds.high += high;
};

const drivenOf = (host: Host, name: string): Driven => {
  const { driven } = host.fn(name);
  if (driven === null) throw new ScenarioMistake(`Function "${name}" is not in the hands of the kernel's driver`);
  return driven;
};

/** Pages that the probe unmapped may be flushed at any time. */
const expectProbesFlush = ({ queue, counters }: Driven): void => {
  if (queue === "unknown") counters.globalRpcits.high = many;
};

const transferGround =
  "drivers/nvme/host/pci.c, nvme_map_data: one mapping for a transfer, by dma_map_bvec, or by dma_iova_link and one dma_iova_sync " +
  "(block/blk-mq-dma.c, blk_rq_dma_map_iova; before 6.17 dma_map_sgtable and one iommu_map_sg), and one unmap; a page of the pool " +
  "for lists of pages where neither two PRPs nor, from sgl_threshold on, an SGL will do. drivers/iommu/dma-iommu.c, __iommu_dma_unmap: " +
  "strict, one iotlb_sync; with a flush queue none, and fq_flush_timeout flushes all at once 1000 ms after the first (queue_iova, " +
  "IOVA_SINGLE_FQ_TIMEOUT for shadow_on_flush). drivers/iommu/s390-iommu.c for what each counts";

/**
 * Whether a transfer is flushed by itself though there is a queue. Pages that lie beside each other in memory are one segment, whose unmap waits.
 * Contract: iommu.strict=0, "Request that DMA unmap operations use deferred invalidation of hardware TLBs"
 * (Documentation/admin-guide/kernel-parameters.txt). Quirk: drivers/iommu/dma-iommu.c of 7.3, dma_iova_destroy: dma_iova_unlink, which ends with
 * iommu_iotlb_sync, then dma_iova_free; up to 7.2 __iommu_dma_iova_unlink, which queues.
 */
const isFlushedAtOnce = (host: Host, pages: number): boolean =>
  pages > 1 && host.has("lists-flush-at-once") && host.choose(2) === 1;

/** One transfer; its pages are mapped before and unmapped after. */
function transfer(
  host: Host,
  { function: name, block, buffer, page, pages, apart }: OperationFields<"block-read">,
  move: (page: string, block: number) => void,
): Outcome {
  const fn = host.fn(name);
  if (page + pages > bufferPages(host, buffer)) {
    throw new ScenarioMistake(`Buffer "${buffer}" has no ${String(pages)} pages from page ${String(page)} on`);
  }
  if (block + pages > 256) throw new ScenarioMistake("A medium has 256 blocks");
  const { driven } = fn;
  if (driven === null || fn.driver !== nvmeDriver) return fail("ENODEV");
  const { counters } = driven;
  const transfers = apart ? pages : 1;
  const list = needsList(pages / transfers) ? 1 : 0;
  add(counters.mapped, pages, pages + list);
  add(counters.syncMapRpcits, transfers, transfers + list);
  add(counters.unmapped, pages);
  if (driven.queue === "none" || isFlushedAtOnce(host, pages / transfers)) add(counters.syncRpcits, transfers);
  else {
    // At most one flush more for each, some time.
    add(counters.globalRpcits, 0, transfers);
    driven.sinceTransfer ??= driven.queue === "empty" ? "timer" : "unknown";
    if (driven.queue === "empty") driven.queue = "waiting";
  }
  expectProbesFlush(driven);
  for (let index = 0; index < pages; index += 1) move(`${buffer}[${String(page + index)}]`, block + index);
  return succeed();
}

/** The kernel's own driver has probed a function; how much it maps is its own affair. */
export function takeByDriver(fn: ModelFunction, driver: string): void {
  const some = (): Bounds => ({ low: 0, high: many });
  const isStrict = fn.defaultType === "DMA";
  fn.driver = driver;
  fn.outside.used = true;
  fn.driven = {
    counters: {
      mapped: { low: 1, high: many },
      unmapped: some(),
      syncMapRpcits: { low: 1, high: many },
      // A strict domain is never flushed as a whole, a lazy one never in part.
      globalRpcits: isStrict ? { low: 0, high: 0 } : some(),
      syncRpcits: isStrict ? { low: 1, high: many } : { low: 0, high: 0 },
    },
    queue: isStrict ? "none" : "unknown",
    sinceTransfer: null,
  };
}

/** The kernel's driver for NVMe. */
export const nvmeDriver = "nvme";

/** Rules of this file. */
export const driverRules: Rules<"drive" | "block-read" | "block-write" | "counters-reset" | "await-flush"> = {
  drive: {
    ground:
      "Documentation/ABI/testing/sysfs-bus-pci, driver_override; drivers/nvme/host/pci.c, nvme_probe, which scans the controller " +
      "before it returns; arch/s390/pci/pci.c, pcibios_enable_device: statistics begin. How much its probe maps is the driver's affair",
    predict: (host, { function: name }) => {
      const fn = host.fn(name);
      requireUnused(fn, "Unbinding");
      if (!fn.configured || fn.removed) return fail("ENOENT");
      if (fn.profile.device !== "nvme" && fn.profile.device !== "own")
        throw new ScenarioMistake(`The NVMe driver does not take "${name}"`);
      if (fn.inError)
        throw new ScenarioMistake("What a driver does with a function in the error state is its own affair");
      if (fn.driven !== null) return succeed();
      takeByDriver(fn, nvmeDriver);
      return succeed();
    },
  },
  "block-read": {
    ground: transferGround,
    predict: (host, fields) =>
      transfer(host, fields, (page, block) => {
        writePage(host, page, blockContent(host, fields.function, block));
      }),
  },
  "block-write": {
    ground: transferGround,
    predict: (host, fields) =>
      transfer(host, fields, (page, block) => {
        writeBlock(host, fields.function, block, contentOf(host, page));
      }),
  },
  "counters-reset": {
    ground:
      "arch/s390/pci/pci_debug.c, pci_perf_seq_write; arch/s390/pci/pci.c, zpci_fmb_enable_device: the counters of the attached " +
      "domain begin at zero; the file is there while the device is enabled",
    predict: (host, { function: name }) => {
      const fn = host.fn(name);
      if (fn.inError) throw new ScenarioMistake("Measurement in the error state is not predicted");
      if (fn.driven !== null) {
        fn.driven.counters = freshCounters();
        // What waits now is flushed after.
        if (fn.driven.queue === "waiting") fn.driven.queue = "unknown";
        expectProbesFlush(fn.driven);
        return succeed();
      }
      if (!fn.inUse || !fn.configured) return fail("ENOENT");
      if (fn.domain !== null) host.domain(fn.domain).counters = freshCounters();
      return succeed();
    },
  },
  "await-flush": {
    ground:
      "drivers/iommu/dma-iommu.c, queue_iova: the timer is set by the first page that waits, for IOVA_SINGLE_FQ_TIMEOUT, 1000 ms; " +
      "fq_flush_timeout: one flush_iotlb_all, then the IOVAs are free; drivers/iommu/s390-iommu.c, s390_iommu_flush_iotlb_all",
    predict: (host, { function: name, flushes }) => {
      const driven = drivenOf(host, name);
      const { globalRpcits } = driven.counters;
      const isShort = flushes > globalRpcits.high;
      if (host.has("lists-flush-at-once") && (isShort || (driven.queue === "unknown" && host.choose(2) === 1))) {
        globalRpcits.high = Math.min(globalRpcits.high, flushes - 1);
        return fail("ETIMEDOUT");
      }
      if (isShort) throw new ScenarioMistake("There is nothing to flush: it would wait in vain");
      // So often it was flushed before.
      if (globalRpcits.low >= flushes) return succeed({ millis: { $maybe: between(0, many) } });
      globalRpcits.low = flushes;
      if (driven.queue === "waiting" && globalRpcits.low === globalRpcits.high) driven.queue = "empty";
      const { sinceTransfer } = driven;
      driven.sinceTransfer = null;
      if (sinceTransfer === null) return succeed({ millis: { $maybe: between(0, many) } });
      return succeed({ millis: between(sinceTransfer === "timer" ? shortestWait : 0, many) });
    },
  },
};
