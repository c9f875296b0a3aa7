/** The zPCI functions a bench can provide: for each kind, the monitor commands that bring it and take it away. */
import type { DeviceKind } from "../../src/trace/device-kinds.ts";
import type { FunctionProfile } from "../../src/trace/profile.ts";

/** A command of QEMU's monitor. */
export interface QmpCommand {
  readonly execute: string;
  readonly arguments: Readonly<Record<string, unknown>>;
}

/** What the harness knows about a kind of device. */
interface DeviceDefinition {
  /** What stands behind it on the host: the file that is its medium, or the socket on which this process serves it. */
  readonly behind: "medium" | "socket" | null;
  /** QEMU's driver and its properties, without id; `path` is that of what stands behind it. */
  readonly device: (profile: FunctionProfile, path: string) => Readonly<Record<string, unknown>>;
}

/** A function that this process serves, whatever it does. */
const served: DeviceDefinition = {
  behind: "socket",
  device: (_, path) => ({ driver: "vfio-user-pci", socket: { type: "unix", path } }),
};

/** Without these two, virtio goes around the IOMMU. */
const throughIommu = { iommu_platform: true, "disable-legacy": "on" } as const;

/**
 * Slots of QEMU's bus, which guests do not see: an igb has eight virtual functions that reach into the slot behind its own
 * (hw/net/igb_common.h: 8 of them from 0x80 on, each second).
 */
const slotsOfIgb = 2;
const igbsAtMost = 8;

const emulated: Readonly<Partial<Record<DeviceKind, DeviceDefinition>>> = {
  nvme: {
    behind: "medium",
    device: (profile) => ({
      driver: "nvme",
      serial: nvmeSerial(profile.name),
      drive: mediumNode(profile),
      // One block is one page, so that every transfer is one PRP entry.
      logical_block_size: 4096,
      physical_block_size: 4096,
    }),
  },
  "virtio-rng": { behind: null, device: () => ({ driver: "virtio-rng-pci", ...throughIommu }) },
  "virtio-blk": {
    behind: "medium",
    // One queue, however many processors there are, from which a request is fetched when it is told of, and not by a thread later.
    device: (profile) => ({
      ...{ driver: "virtio-blk-pci", drive: mediumNode(profile), "num-queues": 1, ioeventfd: false, ...throughIommu },
    }),
  },
  // Network cards with no network behind them: nothing leaves the machine. Nobody boots from them.
  igb: {
    behind: null,
    device: ({ uid }) => ({
      ...{ driver: "igb", romfile: "" },
      addr: (((uid - 1) % igbsAtMost) * slotsOfIgb).toString(16),
    }),
  },
  e1000e: { behind: null, device: () => ({ driver: "e1000e", romfile: "" }) },
};

const definitionOf = ({ device }: FunctionProfile): DeviceDefinition => emulated[device] ?? served;

/** Serial number of a function's NVMe controller; the field has 20 characters. */
export const nvmeSerial = (functionName: string): string => `zhil-${functionName}`.slice(0, 20);

/** QEMU's id of the function's device. */
export const deviceId = (profile: FunctionProfile): string => `function-${profile.name}`;

/** Whether the function has a medium. */
export const hasMedium = (profile: FunctionProfile): boolean => definitionOf(profile).behind === "medium";

// Names of block nodes have 31 characters at most, too few for a prefix and a function's name.
const mediumNode = (profile: FunctionProfile): string => `medium-${profile.fid}`;

/** The commands that plug a function into a running machine; `path` is its medium or its socket, where it has one. */
export function plugCommands(profile: FunctionProfile, path: string): readonly QmpCommand[] {
  const definition = definitionOf(profile);
  const { name, uid, fid } = profile;
  const file = { driver: "file", filename: path };
  return [
    ...(hasMedium(profile)
      ? [{ execute: "blockdev-add", arguments: { driver: "raw", "node-name": mediumNode(profile), file } }]
      : []),
    { execute: "device_add", arguments: { driver: "zpci", id: `zpci-${name}`, uid, fid, target: deviceId(profile) } },
    { execute: "device_add", arguments: { ...definition.device(profile, path), id: deviceId(profile) } },
  ];
}

/** The command that asks the guest to let go of a function, and what is left to do when it has. */
export function unplugCommands(profile: FunctionProfile): {
  readonly request: QmpCommand;
  readonly afterwards: readonly QmpCommand[];
} {
  return {
    request: { execute: "device_del", arguments: { id: deviceId(profile) } },
    afterwards: hasMedium(profile)
      ? [{ execute: "blockdev-del", arguments: { "node-name": mediumNode(profile) } }]
      : [],
  };
}
