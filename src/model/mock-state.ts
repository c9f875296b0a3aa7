/** The state of iommufd's mock devices and of what belongs to them: plain data, copied at every step. */

/** A mock: bound to an iommufd and attached from its creation on. */
export interface Mock {
  kind: "mock";
  iommufd: string;
  hwpt: string;
  /** Number of its IOMMU group. */
  groupNumber: number;
  /** It has PASIDs. */
  hasPasids: boolean;
  /** HWPTs of its PASIDs, by PASID. */
  pasids: Record<number, string>;
  /** The virtual IOMMU it is attached through, and its number there when it was. */
  behind: { readonly viommu: string; readonly number: number } | null;
  /** It can track dirty pages. */
  tracksDirt: boolean;
  /** Its driver fails the next attach of PASID 1024. */
  stumbles: boolean;
}

/** A HWPT of the mock's driver. */
export interface MockHwpt {
  kind: "mock-hwpt";
  iommufd: string;
  /** The IOAS whose mappings it has; null of a nested one. */
  ioas: string | null;
  /** The HWPT below a nested one. */
  parent: string | null;
  /** The virtual IOMMU that a nested one was made for. */
  viommu: string | null;
  /** Made by an attach to the IOAS, gone with its last mock. */
  auto: boolean;
  canBeParent: boolean;
  takesPasids: boolean;
  tracksDirt: boolean;
  /** The queue of its faults, which makes it fault-capable. */
  queue: string | null;
}

/** A page request. */
export interface Fault {
  /** Null where its name went with its iommufd. */
  mock: string | null;
  /** PASID of the attachment that it came by; 0 without. */
  attachment: number;
  group: number;
  pasid: number;
  iova: string;
  access: readonly string[];
}

/** A fault object, and its file. */
export interface FaultQueue {
  kind: "fault-queue";
  iommufd: string;
  /** Its file is open. */
  open: boolean;
  outlives?: true;
  /** Raised and not read, oldest first. */
  undelivered: Fault[];
  /** Read and not answered, by cookie. */
  unanswered: Record<number, Fault>;
}

/** A virtual IOMMU. */
export interface Viommu {
  kind: "viommu";
  iommufd: string;
  parent: string;
}

/** A device behind a virtual IOMMU. */
export interface Vdevice {
  kind: "vdevice";
  iommufd: string;
  viommu: string;
  mock: string;
  number: number;
}

/** A queue in the guest's memory, for the device to read by itself. */
export interface HwQueue {
  kind: "hw-queue";
  iommufd: string;
  viommu: string;
  index: number;
  /** The IOAS whose mappings it locks, and which of them. */
  ioas: string;
  first: bigint;
  last: bigint;
}

/** An event of a virtual IOMMU; without a number it tells that some were lost. */
export interface MockEvent {
  sequence: number;
  number: number | null;
}

/** A queue of events of a virtual IOMMU, and its file. */
export interface EventQueue {
  kind: "event-queue";
  iommufd: string;
  viommu: string;
  depth: number;
  open: boolean;
  outlives?: true;
  events: MockEvent[];
  sequence: number;
}

/** What an access pinned. */
interface Pin {
  readonly number: number;
  readonly iova: bigint;
  readonly length: bigint;
}

/** Access of the kernel itself to an IOAS, and its file. */
export interface Access {
  kind: "access";
  iommufd: string;
  /** Null once closed. */
  ioas: string | null;
  /** Pages may be pinned. */
  pins: boolean;
  open: boolean;
  /** Its iommufd was closed, which it holds, with all that is in it: mocks and mappings that nobody can name any more. */
  outlives?: true;
  held: Pin[];
  /** The number of the next pin. */
  next: number;
}

/** Any of them. */
export type MockObject = Mock | MockHwpt | FaultQueue | Viommu | Vdevice | HwQueue | EventQueue | Access;
