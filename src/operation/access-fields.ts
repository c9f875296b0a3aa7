/**
 * Operations on an IOAS by the kernel itself, on what is reserved and allowed in it, on what is set of an iommufd, and VFIO's
 * calls as no program should make them.
 *
 * An access is what a driver without an IOMMU of its own has of an IOAS (an mdev's, say): pages that it pins, copies in and
 * out. The mock (CONFIG_IOMMUFD_TEST) lends one to user space.
 */
import * as z from "zod";
import { hexSchema, nameSchema as name } from "./names.ts";

const count = z.int().min(0).max(65_536);
const onAccess = { access: name };
const onIoas = { ioas: name };
const onFunction = { function: name };
const range = { iova: hexSchema, length: hexSchema };
const unknown = z.boolean().default(false).describe("Set a flag or a number that the kernel does not know");
const copying = {
  ...onAccess,
  ...range,
  buffer: name.describe("Where what is copied lies on the other side"),
  page: count.default(0),
  slow: z.boolean().default(false).describe("By pinning each page, as a kernel thread has to"),
  unknown,
};
const anyPasid = z.int().min(0).max(4_294_967_295);
/** What can be set of an iommufd or of an IOAS. */
const option = z.enum(["rlimit-mode", "huge-pages", "unknown"]);
const iommufd = name.default("main");

/** Ways to make a call of VFIO that is refused. */
export const oddities = [
  "short",
  "short-pasid",
  "cut",
  "cut-pasid",
  "long",
  "flag",
  "negative",
  "closed",
  "other",
  "token",
  "cut-token",
  "unwritable",
] as const;

/** Each operation's name and the fields it takes. */
export const accessFields = {
  "access-create": z
    .strictObject({ ...onAccess, ...onIoas, pins: z.boolean().default(true), unknown })
    .describe("The kernel gets access to an IOAS, with pages that it may pin or without"),
  "access-replace": z.strictObject({ ...onAccess, to: name }).describe("Replace the IOAS of an access"),
  "access-pin": z
    .strictObject({
      ...onAccess,
      ...range,
      write: z.boolean().default(false).describe("For writing"),
      buffer: name.optional().describe("The pages that they should be; anything goes where absent"),
      page: count.default(0),
      unknown,
    })
    .describe("An access pins the pages of some IOVAs; pins of an access are counted from 0 on"),
  "access-unpin": z.strictObject({ ...onAccess, pin: count }).describe("An access gives up what it pinned"),
  "access-read": z.strictObject(copying).describe("The kernel reads an IOAS, into a buffer"),
  "access-write": z.strictObject(copying).describe("The kernel writes an IOAS, from a buffer"),
  "access-close": z.strictObject(onAccess).describe("An access ends, with all it pinned"),
  "page-pins": z
    .strictObject({ buffer: name, page: count.default(0), pages: count.default(1), pins: count, iommufd })
    .describe("Whether pages are pinned as often as that"),

  "iova-reserve": z
    .strictObject({ ...onIoas, ...range })
    .describe("Reserve IOVAs of an IOAS for nobody in particular"),
  "iova-allow": z
    .strictObject({
      ...onIoas,
      ranges: z
        .array(z.tuple([hexSchema, hexSchema]))
        .max(16)
        .describe("First and last IOVA of each"),
      unreadable: z.boolean().default(false).describe("The ranges lie where the kernel cannot read"),
      unknown,
    })
    .describe("IOMMU_IOAS_ALLOW_IOVAS: nobody may reserve those, and the kernel chooses among them"),
  "option-get": z.strictObject({ option, object: name.optional(), iommufd }).describe("IOMMU_OPTION: get"),
  "option-set": z
    .strictObject({ option, object: name.optional(), iommufd, value: count, unknown })
    .describe("IOMMU_OPTION: set"),
  "hw-info": z
    .strictObject({
      device: name.describe("A mock, or a function bound to an iommufd"),
      type: z.enum(["default", "mock", "unknown"]).optional().describe("What is asked for, if anything"),
      room: count.default(0).describe("Bytes that are asked for"),
      writable: count.optional().describe("Bytes of them that can be written; memory ends behind them"),
      unknown,
    })
    .describe("IOMMU_GET_HW_INFO"),
  "vfio-ioas-set": z
    .strictObject({ ioas: name.optional(), iommufd, unknown })
    .describe("IOMMU_VFIO_IOAS: which IOAS VFIO's calls of old are about; none where absent"),
  "vfio-ioas-get": z.strictObject(onIoas).describe("IOMMU_VFIO_IOAS: whether it is this one"),

  "mock-pasid-check": z
    .strictObject({ mock: name, pasid: z.int().min(0).max(1_048_576), to: name.optional() })
    .describe("Whether a PASID of a mock is attached to that HWPT; to nothing where absent"),
  "pasid-attach": z
    .strictObject({ ...onFunction, pasid: anyPasid, to: name })
    .describe("VFIO_DEVICE_ATTACH_IOMMUFD_PT of a PASID"),
  "pasid-detach": z
    .strictObject({ ...onFunction, pasid: anyPasid })
    .describe("VFIO_DEVICE_DETACH_IOMMUFD_PT of a PASID"),
  "odd-call": z
    .strictObject({
      ...onFunction,
      call: z.enum(["bind-iommufd", "attach", "detach"]),
      how: z.enum(oddities),
      to: name.optional(),
    })
    .describe("A call of VFIO with an argument that is too short, cut off, too long, unknown, or not to be written"),
} as const;
