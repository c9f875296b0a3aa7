/** The mock as a virtual IOMMU: devices behind it, and the queue of its events. */
import type { OperationFields } from "../../operation/operation.ts";
import { maxU64, pageSize } from "../../zpci/iova.ts";
import type { Host } from "../host.ts";
import { ScenarioMistake } from "../scenario-mistake.ts";
import type { EventQueue, MockEvent } from "../mock-state.ts";
import { addMocks, findMocks, mocksOf } from "../mocks.ts";
import { fail, succeed, type Outcome, type Rules } from "../rule.ts";

/** Bytes of an event's header, and of what the mock says behind it. */
const headerSize = 8;
const dataSize = 4;
/** Most events that a queue may be asked to hold (eventq.c, VEVENTQ_MAX_DEPTH). */
const greatestDepth = 2 ** 19;

/** Where the queue is full, one entry tells that events were lost; it is the last one, and its number the latest that was. */
function report(queue: EventQueue, number: number): void {
  const last = queue.events.at(-1);
  if (last?.number === null) queue.events.pop();
  const held = queue.events.filter((each) => each.number !== null).length;
  queue.events.push({ sequence: queue.sequence, number: held === queue.depth ? null : number });
  queue.sequence += 1;
}

const sizeOf = (event: MockEvent): number => (event.number === null ? headerSize : headerSize + dataSize);

function readEvents(queue: EventQueue, room: number, writable: number): Outcome {
  if (room < headerSize) return fail("EINVAL");
  const events = [];
  let done = 0;
  let error: string | null = null;
  for (let [event] = queue.events; event !== undefined; [event] = queue.events) {
    if (done + headerSize > room) break;
    if (done + sizeOf(event) > room) error = "EINVAL";
    else if (done + sizeOf(event) > writable) error = "EFAULT";
    if (error !== null) break;
    queue.events.shift();
    const { sequence, number } = event;
    events.push({ sequence, lost: number === null, ...(number === null ? {} : { number }) });
    done += sizeOf(event);
  }
  return done === 0 && error !== null ? fail(error) : succeed({ events, bytes: done });
}

/** Queues that a virtual IOMMU of the mock's has at most (iommufd_test.h, IOMMU_TEST_HW_QUEUE_MAX). */
const hwQueueLimit = 2;

/**
 * A queue in the guest's memory: its pages are pinned and locked, whatever the mock's driver has to say then.
 * @throws ScenarioMistake for more than a page, which need not lie in a row
 */
function allocateHwQueue(host: Host, wish: OperationFields<"hw-queue-alloc">): Outcome {
  const { hwQueue, viommu: of, index, flags, typed } = wish;
  const [iova, length] = [BigInt(wish.iova), BigInt(wish.length)];
  if (flags !== 0 || !typed) return fail("EOPNOTSUPP");
  if (length === 0n) return fail("EINVAL");
  if (iova + length - 1n > maxU64) return fail("EOVERFLOW");
  const viommu = findMocks(host, "viommu", of);
  if (viommu === null) return fail("ENOENT");
  const first = iova - (iova % pageSize);
  if (iova + length > first + pageSize) {
    throw new ScenarioMistake(
      "Pages of a queue have to lie in a row, which nobody can say of a buffer: let it have one",
    );
  }
  const ioas = findMocks(host, "mock-hwpt", viommu.parent)?.ioas ?? null;
  const found = ioas === null ? null : host.ioas(ioas);
  if (ioas === null || found === null) throw new ScenarioMistake(`"${viommu.parent}" has no mappings`);
  if (found.areas.some((each) => (each.iova | each.length | each.offset) % pageSize !== 0n))
    return fail("EADDRINUSE");
  const area = found.areas.find((each) => each.iova <= first && first < each.iova + each.length);
  if (area === undefined) return fail("ENOENT");
  if (!area.read) return fail("EPERM");
  const others = mocksOf(host, "hw-queue").filter(([, each]) => each.viommu === of);
  if (index >= hwQueueLimit) return fail("EINVAL");
  if (others.some(([, each]) => each.index === index)) return fail("EEXIST");
  if (index > 0 && !others.some(([, each]) => each.index === index - 1)) return fail("EIO");
  const last = first + pageSize - 1n;
  addMocks(host, hwQueue, { kind: "hw-queue", iommufd: viommu.iommufd, viommu: of, index, ioas, first, last });
  return succeed();
}

/** Rules of this file. */
export const mockViommuRules: Rules<
  "hw-queue-alloc" | "viommu-alloc" | "vdevice-alloc" | "event-queue-alloc" | "event-raise" | "event-read"
> = {
  "viommu-alloc": {
    ground:
      "drivers/iommu/iommufd/viommu.c, iommufd_viommu_alloc_ioctl: -ENOENT without the device or a paging HWPT, -EINVAL where that is " +
      "no parent",
    predict: (host, { viommu, mock: name, parent }) => {
      const mock = findMocks(host, "mock", name);
      if (mock === null) return fail("ENOENT");
      if (Object.hasOwn(host.state.objects, parent)) {
        return fail(host.object(parent)?.kind === "hwpt" ? "EINVAL" : "ENOENT");
      }
      const hwpt = findMocks(host, "mock-hwpt", parent);
      if (hwpt === null || hwpt.ioas === null) return fail("ENOENT");
      if (!hwpt.canBeParent) return fail("EINVAL");
      // A queue is told by the name of what it is of: one that outlived its iommufd would be taken for that of the new one.
      if (mocksOf(host, "event-queue").some(([, queue]) => queue.viommu === viommu)) {
        throw new ScenarioMistake(`An earlier "${viommu}" has a queue still: choose another name`);
      }
      addMocks(host, viommu, { kind: "viommu", iommufd: mock.iommufd, parent });
      return succeed();
    },
  },
  "vdevice-alloc": {
    ground:
      "drivers/iommu/iommufd/viommu.c, iommufd_vdevice_alloc_ioctl: -EEXIST where the device is behind a virtual IOMMU already, or the " +
      "number taken",
    predict: (host, { vdevice, viommu: behind, mock: name, number }) => {
      if (findMocks(host, "viommu", behind) === null) return fail("ENOENT");
      const mock = findMocks(host, "mock", name);
      if (mock === null) return fail("ENOENT");
      const there = mocksOf(host, "vdevice").map(([, each]) => each);
      if (there.some((each) => each.mock === name)) return fail("EEXIST");
      if (there.some((each) => each.viommu === behind && each.number === number)) return fail("EEXIST");
      addMocks(host, vdevice, { kind: "vdevice", iommufd: mock.iommufd, viommu: behind, mock: name, number });
      return succeed();
    },
  },
  "hw-queue-alloc": {
    ground:
      "drivers/iommu/iommufd/viommu.c, iommufd_hw_queue_alloc_ioctl and iommufd_hw_queue_alloc_phys: an access of the kernel's own to the " +
      "IOAS below pins and locks the pages, so that they are not unmapped (io_pagetable.c, iopt_unmap_iova_range: num_locks, -EBUSY); what " +
      "fails after that gives them back; selftest.c, mock_hw_queue_init_phys: -EEXIST for an index that is taken, -EIO without the one before",
    predict: allocateHwQueue,
  },
  "event-queue-alloc": {
    ground:
      "drivers/iommu/iommufd/eventq.c, iommufd_veventq_alloc: -EOPNOTSUPP for any flag and for the default type, -EINVAL for a depth of " +
      "0 or above 2^19, -EEXIST for a second one of the type; an answer that cannot be written is -EFAULT, and nothing is left",
    predict: (host, { queue, viommu: of, depth, flags, typed, unwritable }) => {
      if (flags !== 0 || !typed) return fail("EOPNOTSUPP");
      if (depth === 0 || depth > greatestDepth) return fail("EINVAL");
      const viommu = findMocks(host, "viommu", of);
      if (viommu === null) return fail("ENOENT");
      if (mocksOf(host, "event-queue").some(([, each]) => each.viommu === of)) return fail("EEXIST");
      if (unwritable) return fail("EFAULT");
      addMocks(host, queue, {
        kind: "event-queue",
        ...{ iommufd: viommu.iommufd, viommu: of, depth, open: true, events: [], sequence: 0 },
      });
      return succeed();
    },
  },
  "event-raise": {
    ground:
      "drivers/iommu/iommufd/selftest.c, iommufd_test_trigger_vevent: -ENOENT unless it is attached through a virtual IOMMU; driver.c, " +
      "iommufd_viommu_report_event: -EOPNOTSUPP without a queue; a full one tells that events were lost",
    predict: (host, { mock: name }) => {
      const mock = findMocks(host, "mock", name);
      if (mock === null || mock.behind === null || mock.behind.number === 0) return fail("ENOENT");
      const { viommu, number } = mock.behind;
      const queue = mocksOf(host, "event-queue").find(([, each]) => each.viommu === viommu)?.[1];
      if (queue === undefined) return fail("EOPNOTSUPP");
      report(queue, number);
      return succeed();
    },
  },
  "event-read": {
    ground:
      "drivers/iommu/iommufd/eventq.c, iommufd_veventq_fops_read: -EINVAL for less than a header, and where the first event does not " +
      "fit, -EFAULT where it cannot be written, and it stays the first then; an entry that tells of lost events is a header alone",
    predict: (host, { queue: name, room, writable }) => {
      const queue = findMocks(host, "event-queue", name);
      if (queue?.open !== true) throw new ScenarioMistake(`"${name}" is no open queue of events`);
      return readEvents(queue, room, writable ?? room);
    },
  },
};
