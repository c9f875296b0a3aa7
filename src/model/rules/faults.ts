/** Page requests: raised by a mock, read from a fault queue, answered there, or answered for the one who did not. */
import type { Pattern } from "../../compare/pattern.ts";
import type { Host } from "../host.ts";
import { ScenarioMistake } from "../scenario-mistake.ts";
import type { Fault, FaultQueue } from "../mock-state.ts";
import { addMocks, findMocks } from "../mocks.ts";
import { fail, succeed, type Outcome, type Rules } from "../rule.ts";

/** Bytes of a page request and of an answer (include/uapi/linux/iommufd.h). */
const faultSize = 40;
const responseSize = 8;

/** The open queue of a name. */
function openQueue(host: Host, name: string): FaultQueue {
  const queue = findMocks(host, "fault-queue", name);
  if (queue?.open !== true) throw new ScenarioMistake(`"${name}" is no open fault queue`);
  return queue;
}

/**
 * Who leaves a HWPT has its page requests answered, and nobody else: invalid, whether they were read or not.
 * Ground: eventq.c, iommufd_auto_response_faults, called by device.c, iommufd_hwpt_detach_device and
 * iommufd_hwpt_replace_device for the old HWPT and the old attach handle, whatever the new HWPT is. Seed 002 asks whether it
 * is due where both are fault-capable: what a queue holds names an attachment that ends.
 */
export function answerFor(host: Host, mock: string, attachment: number, hwpt: string): void {
  const left = host.state.others[hwpt];
  const queue = left?.kind === "mock-hwpt" && left.queue !== null ? host.state.others[left.queue] : null;
  if (queue?.kind !== "fault-queue") return;
  const stays = (fault: Fault): boolean => fault.mock !== mock || fault.attachment !== attachment;
  queue.undelivered = queue.undelivered.filter(stays);
  queue.unanswered = Object.fromEntries(Object.entries(queue.unanswered).filter(([, fault]) => stays(fault)));
}

/**
 * The queue that a page request of a mock goes to, and the PASID of the attachment that it comes by; null where nobody can
 * be asked, and the device is told so at once.
 * Ground: io-pgfault.c, find_fault_handler: the attachment of its PASID; where that PASID has none and the driver has PASID
 * tables in the user's hands, as the mock's has, that of the device, if its HWPT is nested.
 */
function findHandler(
  host: Host,
  name: string,
  pasid: number,
): { readonly queue: FaultQueue; readonly attachment: number } | null {
  const mock = findMocks(host, "mock", name);
  if (mock === null) return null;
  const own = pasid === 0 ? mock.hwpt : mock.pasids[pasid];
  const hwpt = findMocks(host, "mock-hwpt", own ?? mock.hwpt);
  if (hwpt?.queue === undefined || hwpt.queue === null) return null;
  if (own === undefined && hwpt.parent === null) return null;
  const queue = findMocks(host, "fault-queue", hwpt.queue);
  return queue === null ? null : { queue, attachment: own === undefined ? 0 : pasid };
}

/** The lowest cookie that is free (eventq.c, iommufd_fault_alloc: XA_FLAGS_ALLOC1, and xa_alloc takes the lowest). */
function freeCookie(queue: FaultQueue): number {
  for (let cookie = 1; ; cookie += 1) if (!Object.hasOwn(queue.unanswered, cookie)) return cookie;
}

/** How one says which device it is that has no name (guests/agent, the id that the kernel gave it). */
const nameless: Pattern = { $match: "^id [0-9]+$" };

function readFaults(queue: FaultQueue, room: number, writable: number): Outcome {
  if (room % faultSize !== 0) return fail("ESPIPE");
  const faults: Pattern[] = [];
  let done = 0;
  let error: string | null = null;
  for (let [fault] = queue.undelivered; fault !== undefined; [fault] = queue.undelivered) {
    if (done + faultSize > room) error = "EINVAL";
    else if (done + faultSize > writable) error = "EFAULT";
    if (error !== null) break;
    queue.undelivered.shift();
    const cookie = freeCookie(queue);
    queue.unanswered[cookie] = fault;
    const { mock, group, pasid, iova, access } = fault;
    faults.push({ device: mock ?? nameless, group, cookie, iova, access: [...access], last: true, pasid, rest: 0 });
    done += faultSize;
  }
  return done === 0 && error !== null ? fail(error) : succeed({ faults, bytes: done });
}

function respond(
  queue: FaultQueue,
  responses: readonly { readonly cookie: number; readonly code: number }[],
  length: number,
): Outcome {
  if (length % responseSize !== 0) return fail("ESPIPE");
  let done = 0;
  let error: string | null = null;
  while (done < length && error === null) {
    const response = responses[done / responseSize];
    if (response === undefined) error = "EFAULT";
    else if (response.code > 1 || !Object.hasOwn(queue.unanswered, response.cookie)) error = "EINVAL";
    else {
      Reflect.deleteProperty(queue.unanswered, response.cookie);
      done += responseSize;
    }
  }
  return done === 0 && error !== null ? fail(error) : succeed({ bytes: done });
}

/** Rules of this file. */
export const faultRules: Rules<
  "fault-queue-alloc" | "fault-raise" | "fault-read" | "fault-respond" | "queue-poll" | "queue-close"
> = {
  "fault-queue-alloc": {
    ground:
      "drivers/iommu/iommufd/eventq.c, iommufd_fault_alloc: -EOPNOTSUPP for any flag; an answer that cannot be written is -EFAULT, " +
      "and nothing is left",
    predict: (host, { queue, iommufd, flags, unwritable }) => {
      host.state.iommufds[iommufd] ??= {};
      if (flags !== 0) return fail("EOPNOTSUPP");
      if (unwritable) return fail("EFAULT");
      addMocks(host, queue, { kind: "fault-queue", iommufd, open: true, undelivered: [], unanswered: {} });
      return succeed();
    },
  },
  "fault-raise": {
    ground:
      "drivers/iommu/iommufd/selftest.c, iommufd_test_trigger_iopf: -EINVAL for a device that is no mock; io-pgfault.c, " +
      "iommu_report_device_fault: without a handler the device is answered at once; eventq.c, iommufd_fault_iopf_handler: last in " +
      "the queue, which has no limit",
    predict: (host, { mock: name, iova, group, pasid, access }) => {
      if (Object.hasOwn(host.state.functions, name)) {
        if (host.fn(name).iommufd === null)
          throw new ScenarioMistake(`Function "${name}" is not bound to an iommufd`);
        return fail("EINVAL");
      }
      if (findMocks(host, "mock", name) === null) return fail("ENOENT");
      const handler = findHandler(host, name, pasid);
      const known = ["read", "write", "exec", "priv"].filter((each) => (access as readonly string[]).includes(each));
      if (handler !== null) {
        const { queue, attachment } = handler;
        queue.undelivered.push({ mock: name, attachment, group, pasid, iova, access: known });
      }
      return succeed();
    },
  },
  "fault-read": {
    ground:
      "drivers/iommu/iommufd/eventq.c, iommufd_fault_fops_read: -ESPIPE unless whole requests are asked for, -EINVAL where the first " +
      "does not fit, -EFAULT where it cannot be written, and it stays the first then; oldest first, each with the lowest free cookie",
    predict: (host, { queue, room, writable }) => readFaults(openQueue(host, queue), room, writable ?? room),
  },
  "fault-respond": {
    ground:
      "drivers/iommu/iommufd/eventq.c, iommufd_fault_fops_write: -ESPIPE unless whole answers are written, -EINVAL for a code that is " +
      "none and for a cookie that nobody waits for; what went before the first error counts",
    predict: (host, { queue, responses, length }) =>
      respond(openQueue(host, queue), responses, length ?? responses.length * responseSize),
  },
  "queue-poll": {
    ground:
      "drivers/iommu/iommufd/eventq.c, iommufd_eventq_fops_poll: a fault queue can always be written, either can be read while it " +
      "holds something; iommufd_fault_iopf_handler and iommufd_private.h, iommufd_vevent_handler: who waits is woken",
    predict: (host, { queue: name }) => {
      const queue = findMocks(host, "fault-queue", name) ?? findMocks(host, "event-queue", name);
      if (queue?.open !== true) throw new ScenarioMistake(`"${name}" is no open queue`);
      const readable = (queue.kind === "fault-queue" ? queue.undelivered : queue.events).length > 0;
      return succeed({ readable, writable: queue.kind === "fault-queue", woken: readable });
    },
  },
  "queue-close": {
    ground:
      "drivers/iommu/iommufd/eventq.c, iommufd_eventq_fops_release: the file is a user of the object and holds the iommufd; what it " +
      "holds waits on, and is answered when its devices leave",
    predict: (host, { queue: name }) => {
      const queue = findMocks(host, "fault-queue", name) ?? findMocks(host, "event-queue", name);
      if (queue?.open !== true) throw new ScenarioMistake(`"${name}" is no open queue`);
      queue.open = false;
      return succeed();
    },
  },
};
