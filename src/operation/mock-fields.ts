/**
 * Operations on iommufd's mock device, on its page requests and on what it reports as a virtual IOMMU.
 *
 * A mock is a device on a bus of its own with an IOMMU driver of its own (CONFIG_IOMMUFD_TEST). It does no DMA; what its table
 * translates is asked of the kernel. Unlike a zPCI function it has page requests.
 */
import * as z from "zod";
import { hexSchema, nameSchema as name } from "./names.ts";

const count = z.int().min(0).max(65_536);
const onMock = { mock: name };
const onQueue = { queue: name };
const room = z.int().min(0).max(4096);
const unwritable = z
  .boolean()
  .default(false)
  .describe("The request lies in memory that the kernel can read and not write");
const reading = {
  ...onQueue,
  room: room.describe("Bytes that are asked for"),
  writable: room.optional().describe("Bytes of them that can be written; memory ends behind them"),
};

/** Flags of IOMMU_HWPT_ALLOC. */
export const hwptFlags = z.array(z.enum(["nest-parent", "dirty-tracking", "fault-id-valid", "pasid"])).default([]);

/** Access that a page request asks for. */
export const faultAccesses = ["read", "write", "exec", "priv"] as const;

/** Each operation's name and the fields it takes. */
export const mockFields = {
  "mock-create": z
    .strictObject({
      ...onMock,
      to: name,
      pasids: z.boolean().default(false).describe("It has PASIDs"),
      dirtyTracking: z.boolean().default(true).describe("It can track dirty pages"),
      unknown: z.boolean().default(false).describe("Ask for what the kernel does not know"),
    })
    .describe("Create a mock device, bind it to the iommufd and attach it to an IOAS or HWPT, all in one"),
  "mock-replace": z.strictObject({ ...onMock, to: name }).describe("Replace what a mock is attached to"),
  "mock-check": z
    .strictObject({ ...onMock, iova: hexSchema, buffer: name, page: count.default(0) })
    .describe("Whether the HWPT that a mock is attached to translates the IOVA to that page"),
  "mock-hwpt-alloc": z
    .strictObject({
      hwpt: name,
      ...onMock,
      parent: name.describe("An IOAS; for a nested HWPT a HWPT that can be a parent, or a virtual IOMMU"),
      queue: name.optional().describe("The queue of its faults, which makes it fault-capable"),
      flags: hwptFlags,
      data: z
        .boolean()
        .default(false)
        .describe("Hand over what the mock's driver takes for a HWPT; a nested one needs it"),
      unwritable,
    })
    .describe("IOMMU_HWPT_ALLOC for a mock"),
  "mock-pasid-attach": z
    .strictObject({ ...onMock, pasid: z.int().min(1).max(1_048_576), to: name })
    .describe("Attach a PASID of a mock"),
  "mock-pasid-replace": z
    .strictObject({ ...onMock, pasid: z.int().min(1).max(1_048_576), to: name })
    .describe("Replace what a PASID of a mock is attached to"),
  "mock-pasid-detach": z
    .strictObject({ ...onMock, pasid: z.int().min(1).max(1_048_576) })
    .describe("Detach a PASID of a mock"),

  "fault-queue-alloc": z
    .strictObject({ ...onQueue, iommufd: name.default("main"), flags: count.default(0), unwritable })
    .describe("IOMMU_FAULT_QUEUE_ALLOC: a fault object and its file"),
  "fault-raise": z
    .strictObject({
      mock: name.describe("The device: a mock, or a function bound to an iommufd"),
      iova: hexSchema,
      group: count.default(0).describe("Number of the page request group"),
      pasid: z.int().min(0).max(1023).default(0),
      access: z.array(z.enum(faultAccesses)).default(["read"]),
    })
    .describe("The device raises a page request, the last of its group"),
  "fault-read": z.strictObject(reading).describe("Read page requests from a fault queue; each takes 40 bytes"),
  "fault-respond": z
    .strictObject({
      ...onQueue,
      responses: z
        .array(z.strictObject({ cookie: count, code: count }))
        .max(64)
        .describe("Cookies as they were read; codes: 0 success, 1 invalid"),
      length: room
        .optional()
        .describe("Bytes that are written, where it is not what the responses take; memory ends behind those"),
    })
    .describe("Answer page requests on a fault queue; each answer takes 8 bytes"),

  "viommu-alloc": z
    .strictObject({ viommu: name, ...onMock, parent: name })
    .describe("IOMMU_VIOMMU_ALLOC of the mock's kind on a HWPT that can be a parent"),
  "vdevice-alloc": z
    .strictObject({ vdevice: name, viommu: name, ...onMock, number: count.default(1) })
    .describe("IOMMU_VDEVICE_ALLOC: the mock has this number behind the virtual IOMMU"),
  "hw-queue-alloc": z
    .strictObject({
      hwQueue: name,
      viommu: name,
      index: count.default(0).describe("Which of its queues; each follows the one before"),
      iova: hexSchema.describe("Where the queue lies in the guest's memory"),
      length: hexSchema,
      flags: count.default(0),
      typed: z.boolean().default(true).describe("Of the mock's own type; the default type is nobody's"),
    })
    .describe(
      "IOMMU_HW_QUEUE_ALLOC: a queue in the guest's memory that the device reads by itself, and that is locked there",
    ),
  "event-queue-alloc": z
    .strictObject({
      ...onQueue,
      viommu: name,
      depth: z.int().min(0).max(1_048_576).describe("Events that it holds"),
      flags: count.default(0),
      typed: z.boolean().default(true).describe("Of the mock's own type; the default type is nobody's"),
      unwritable,
    })
    .describe("IOMMU_VEVENTQ_ALLOC: a queue of events of a virtual IOMMU, and its file"),
  "event-raise": z
    .strictObject(onMock)
    .describe("The mock reports an event to the virtual IOMMU it is attached through"),
  "event-read": z
    .strictObject(reading)
    .describe("Read events: a header of 8 bytes each, and 4 of the mock's own where it does not tell of lost ones"),
  "queue-poll": z
    .strictObject(onQueue)
    .describe("poll() of a queue's file, and whether whoever waits for it was woken since it was last empty"),
  "queue-close": z.strictObject(onQueue).describe("Close a queue's file"),
} as const;
