/**
 * The operations: everything a scenario can do to a host, as plain data with symbolic names.
 *
 * Names stand for things of a run: functions (`a`), buffers (`p`), IOASes and HWPTs (`A`, `H`), iommufds and
 * containers. Addresses are hexadecimal strings, so an operation survives JSON whatever its width.
 */
import * as z from "zod";
import { accessFields } from "./access-fields.ts";
import type { Answer } from "./answers.ts";
import { eventFields } from "./event-fields.ts";
import { guestFields, hostFields } from "./host-fields.ts";
import { hwptFlags, mockFields } from "./mock-fields.ts";
import { hexSchema, nameSchema } from "./names.ts";
import type { PointName } from "./points.ts";

export { hexSchema, nameSchema };
const name = nameSchema;

const onFunction = { function: name };
const count = z.int().min(0).max(65_536);
const mapping = {
  buffer: name.describe("The buffer that backs the mapping"),
  page: count.default(0).describe("First page of the buffer"),
  pages: count.optional().describe("Pages to map; the rest of the buffer where absent"),
  length: hexSchema.optional().describe("Bytes to map, where it is not a whole number of pages on purpose"),
  skew: count.default(0).describe("Bytes added to the user address, to misalign it on purpose"),
  read: z.boolean().default(true).describe("The device may read"),
  write: z.boolean().default(true).describe("The device may write"),
};
const range = { iova: hexSchema, length: hexSchema };

const transfer = {
  block: z.int().min(0).max(255).describe("First block of the medium"),
  buffer: name,
  page: count.default(0).describe("First page of the buffer"),
  // More than that is more than one request of the driver (drivers/iommu/dma-iommu.c, iommu_dma_opt_mapping_size).
  pages: z.int().min(1).max(32).default(1),
  apart: z.boolean().default(false).describe("A transfer of its own for each page, one after the other"),
};

/** What a rude function may send. */
export const misbehaviours = [
  "reply-to-nothing",
  "unknown-command",
  "empty-write",
  "oversized-read",
  "cut-off-write",
] as const;

/** Each operation's name and the fields it takes. */
export const operationFields = {
  // The life of a function
  bind: z.strictObject(onFunction).describe("Bind the function to vfio-pci (driver_override, unbind, drivers_probe)"),
  unbind: z.strictObject(onFunction).describe("Unbind the function from its driver"),
  power: z.strictObject({ ...onFunction, on: z.boolean() }).describe("Write slots/FID/power"),
  "sysfs-reset": z.strictObject(onFunction).describe("Write 1 to the function's sysfs reset attribute"),
  recover: z.strictObject(onFunction).describe("Write 1 to the function's sysfs recover attribute"),
  "reset-method": z
    .strictObject({ ...onFunction, method: z.enum(["flr", "bus", "pm", "default"]) })
    .describe("Write the function's sysfs reset_method"),
  "domain-type": z
    .strictObject({ ...onFunction, type: z.string().regex(/^[A-Za-z-]{1,20}$/) })
    .describe("Write the type of the function's IOMMU group"),

  group: z.strictObject(onFunction).describe("Look at the function's IOMMU group: number, type, members"),
  churn: z
    .strictObject({
      ...onFunction,
      to: name.describe("What the function is attached to, and detached from, meanwhile"),
      beside: name.describe("The function that goes and comes"),
      rounds: z.int().min(1).max(32).default(4),
    })
    .describe(
      "While a thread powers one function off and on, another one is attached and detached and the group of the first changes its type",
    ),

  // A function in the hands of the kernel's own driver
  drive: z
    .strictObject(onFunction)
    .describe("Bind the function to the kernel's NVMe driver (driver_override, unbind, drivers_probe)"),
  "block-read": z
    .strictObject({ ...onFunction, ...transfer })
    .describe("The kernel's driver reads blocks into pages of a buffer, mapping those for it: O_DIRECT"),
  "block-write": z
    .strictObject({ ...onFunction, ...transfer })
    .describe("The kernel's driver writes pages of a buffer to blocks, mapping those for it: O_DIRECT"),
  "counters-reset": z
    .strictObject(onFunction)
    .describe("Switch measurement of the function off and on: its domain's counters count from zero"),
  "await-flush": z
    .strictObject({ ...onFunction, flushes: z.int().min(1).max(1000).default(1) })
    .describe("Wait until the whole table was flushed so many times since the counters were reset"),

  // VFIO through the character device and iommufd
  open: z.strictObject(onFunction).describe("Open /dev/vfio/devices/vfioN"),
  close: z.strictObject(onFunction).describe("Close the device's file descriptor, however it was opened"),
  "bind-iommufd": z
    .strictObject({ ...onFunction, iommufd: name.default("main") })
    .describe("VFIO_DEVICE_BIND_IOMMUFD; opens /dev/iommu on first use of that iommufd's name"),
  attach: z
    .strictObject({ ...onFunction, to: name })
    .describe("VFIO_DEVICE_ATTACH_IOMMUFD_PT to an IOAS or HWPT, nothing attached before"),
  replace: z
    .strictObject({ ...onFunction, to: name })
    .describe("VFIO_DEVICE_ATTACH_IOMMUFD_PT while attached: the same ioctl, another promise"),
  detach: z.strictObject(onFunction).describe("VFIO_DEVICE_DETACH_IOMMUFD_PT"),

  // iommufd objects
  "ioas-alloc": z.strictObject({ ioas: name, iommufd: name.default("main") }).describe("IOMMU_IOAS_ALLOC"),
  "ioas-map": z
    .strictObject({ ioas: name, iova: hexSchema.optional(), ...mapping })
    .describe("IOMMU_IOAS_MAP; the kernel chooses the IOVA where none is given"),
  "ioas-unmap": z.strictObject({ ioas: name, ...range }).describe("IOMMU_IOAS_UNMAP"),
  "ioas-copy": z
    .strictObject({
      from: name,
      to: name,
      source: hexSchema,
      iova: hexSchema,
      length: hexSchema,
      read: z.boolean().default(true),
      write: z.boolean().default(true),
    })
    .describe("IOMMU_IOAS_COPY at a fixed IOVA"),
  "iova-ranges": z.strictObject({ ioas: name }).describe("IOMMU_IOAS_IOVA_RANGES"),
  "huge-pages": z
    .strictObject({ ioas: name, on: z.boolean() })
    .describe("IOMMU_OPTION with IOMMU_OPTION_HUGE_PAGES: whether runs of pages are mapped at once"),
  "hwpt-alloc": z
    .strictObject({
      hwpt: name,
      ...onFunction,
      ioas: name,
      flags: hwptFlags,
      queue: name.optional().describe("The queue of its faults"),
    })
    .describe("IOMMU_HWPT_ALLOC of a paging HWPT"),
  destroy: z
    .strictObject({ object: name })
    .describe("IOMMU_DESTROY of an object of an iommufd, or of a bound function"),
  "iommufd-close": z.strictObject({ iommufd: name.default("main") }).describe("Close the iommufd"),

  // VFIO through group and container, with the type1 IOMMU
  "container-open": z.strictObject({ container: name }).describe("Open /dev/vfio/vfio"),
  "container-close": z.strictObject({ container: name }).describe("Close the container"),
  "container-set-iommu": z.strictObject({ container: name }).describe("VFIO_SET_IOMMU with VFIO_TYPE1v2_IOMMU"),
  "container-info": z.strictObject({ container: name }).describe("VFIO_IOMMU_GET_INFO: IOVA ranges and page sizes"),
  "container-map": z.strictObject({ container: name, iova: hexSchema, ...mapping }).describe("VFIO_IOMMU_MAP_DMA"),
  "container-unmap": z.strictObject({ container: name, ...range }).describe("VFIO_IOMMU_UNMAP_DMA"),
  "group-open": z.strictObject(onFunction).describe("Open /dev/vfio/GROUP of the function"),
  "group-close": z.strictObject(onFunction).describe("Close the function's group"),
  "group-set-container": z.strictObject({ ...onFunction, container: name }).describe("VFIO_GROUP_SET_CONTAINER"),
  "group-unset-container": z.strictObject(onFunction).describe("VFIO_GROUP_UNSET_CONTAINER"),
  "group-get-device": z.strictObject(onFunction).describe("VFIO_GROUP_GET_DEVICE_FD"),

  // The device itself
  "device-info": z.strictObject(onFunction).describe("VFIO_DEVICE_GET_INFO"),
  reset: z.strictObject(onFunction).describe("VFIO_DEVICE_RESET"),
  "hot-reset-info": z.strictObject(onFunction).describe("VFIO_DEVICE_GET_PCI_HOT_RESET_INFO"),
  "hot-reset": z
    .strictObject({
      ...onFunction,
      groups: z.array(name).max(8).default([]).describe("Functions whose group descriptors are passed"),
    })
    .describe("VFIO_DEVICE_PCI_HOT_RESET"),
  "interrupts-enable": z
    .strictObject({ ...onFunction, vectors: z.int().min(1).max(16) })
    .describe("VFIO_DEVICE_SET_IRQS: an eventfd for each of the first MSI-X vectors"),
  "interrupts-disable": z.strictObject(onFunction).describe("VFIO_DEVICE_SET_IRQS: MSI-X off"),
  "errors-enable": z.strictObject(onFunction).describe("VFIO_DEVICE_SET_IRQS: an eventfd for VFIO_PCI_ERR_IRQ_INDEX"),
  "errors-told": z.strictObject(onFunction).describe("How often that eventfd was signalled since last asked"),

  // DMA, with a minimal NVMe driver over VFIO, or by a witness itself
  "bus-master": z
    .strictObject({ ...onFunction, on: z.boolean().default(true) })
    .describe("Set or clear bus master in the function's command register: without it the device does no DMA"),
  "nvme-enable": z
    .strictObject({ ...onFunction, iova: hexSchema.describe("Where the function's queue pages are mapped") })
    .describe("Switch bus mastering on, reset the controller, set up admin queues and one pair of I/O queues"),
  "queues-enable": z
    .strictObject({ ...onFunction, iova: hexSchema })
    .describe("Switch bus mastering on, reset a device that is no NVMe, set up its queue or rings, and try them"),
  "nvme-identify": z
    .strictObject({ ...onFunction, iova: hexSchema })
    .describe("Identify controller: the device writes 4 KiB to the IOVA"),
  "dma-write": z
    .strictObject({ ...onFunction, iova: hexSchema, block: count })
    .describe("The device writes memory: it reads a block of its medium into the IOVA"),
  "dma-read": z
    .strictObject({ ...onFunction, iova: hexSchema, block: count })
    .describe("The device reads memory: it writes 4 KiB at the IOVA to a block of its medium"),

  // What the platform says of a function, without anything having happened to it
  ...eventFields,

  // The device ends that are ours
  plug: z
    .strictObject(onFunction)
    .describe("Plug in a function that is not there from the start: one whose device is broken"),
  unplug: z
    .strictObject(onFunction)
    .describe("Have the hypervisor ask the host to let go of the function, for good: device_del"),
  remove: z
    .strictObject(onFunction)
    .describe(
      "Take the function from the PCI core (sysfs remove); where its device is open that waits for its close",
    ),
  interrupt: z
    .strictObject({ ...onFunction, vector: z.int().min(0).max(15) })
    .describe("The function raises an interrupt; how often each vector's eventfd was signalled is looked at"),
  "dma-release": z.strictObject(onFunction).describe("A late function does the DMA that it holds"),
  "storm-begin": z
    .strictObject({
      ...onFunction,
      iova: hexSchema.describe("The first page"),
      pages: z.int().min(1).max(256).default(1),
      block: count,
      rate: z.int().min(1).max(10_000).default(1000).describe("DMA a second, as far as it can be had"),
    })
    .describe("A stormer begins to write a block to pages, one after the other and without end"),
  "storm-end": z.strictObject(onFunction).describe("A stormer stops"),
  "function-dies": z
    .strictObject({ ...onFunction, at: z.enum(["now", "map", "unmap"]).default("now") })
    .describe(
      "The function's server vanishes: at once, or when it is next told of a map or unmap, which it does not answer",
    ),
  "function-returns": z.strictObject(onFunction).describe("The function's server is there again, where it was"),
  misbehave: z
    .strictObject({ ...onFunction, how: z.enum(misbehaviours) })
    .describe("A rude function sends what the vfio-user protocol does not allow"),

  // Where a host passes functions through to the guest that all the rest happens in
  ...hostFields,
  ...guestFields,

  // iommufd's mock device
  ...mockFields,
  ...accessFields,

  // Memory, and nothing at all
  fill: z
    .strictObject({ buffer: name, page: count.default(0), with: z.string().regex(/^[a-z0-9:._-]{1,40}$/) })
    .describe("The host's own CPU fills a page of a buffer with the pattern of that name"),
  look: z.strictObject({}).describe("Do nothing; observe"),
  pinned: z
    .strictObject({})
    .describe("How much of the process' memory is held for devices: pages pinned, KiB locked and KiB charged"),
} as const;

/** The name of an operation. */
export type OperationName = keyof typeof operationFields;

/** The fields of operation N as a target receives them, defaults filled in. */
export type OperationFields<N extends OperationName> = z.output<(typeof operationFields)[N]>;

/** Fields beside `op`; an empty object schema infers as one that may have no property at all, not even `op`. */
type FieldsBesideOp<N extends OperationName> =
  Record<string, never> extends OperationFields<N> ? unknown : Readonly<OperationFields<N>>;

/** What can be done while the host stands still inside an operation, and the fields it takes. */
export const insideFields = {
  "dma-write": operationFields["dma-write"],
  "dma-read": operationFields["dma-read"],
  flush: z
    .strictObject({ ...onFunction, ...range })
    .describe("RPCIT of the function, as another thread sends it that found it on a domain's list just before"),
} as const;

/** The name of something that can be done inside an operation. */
export type InsideName = keyof typeof insideFields;

/** Something that is done inside an operation. */
export type InsideOperation = {
  [N in InsideName]: { readonly op: N } & Readonly<z.output<(typeof insideFields)[N]>>;
}[InsideName];

/** One thing that is done inside an operation. */
export interface Interjection {
  readonly at: PointName;
  /** The function that passes the point; whichever is the first where absent. */
  readonly of?: string;
  readonly operation: InsideOperation;
}

/** What any operation may have beside its fields. */
interface Meanwhile {
  /** What is done inside it, in the order in which its points are passed. */
  readonly during?: readonly Interjection[];
  /** What its instructions are answered instead of what the hypervisor has to say. */
  readonly answers?: readonly Answer[];
  /** Which of the kernel's allocations in it fails, counted from 1. */
  readonly failNth?: number;
}

/** One operation: `op` names it, the rest are its fields. */
export type Operation = { [N in OperationName]: { readonly op: N } & FieldsBesideOp<N> & Meanwhile }[OperationName];

/** Every operation's name, in the order of their definition. */
export const operationNames = Object.keys(operationFields) as OperationName[];
