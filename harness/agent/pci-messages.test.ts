import { expect, it } from "vitest";
import { nameMessages } from "./pci-messages.ts";

const functions = [
  { name: "a", device: "nvme", uid: 5, fid: 0x20 },
  { name: "b", device: "virtio-rng", uid: 6, fid: 0xab },
] as const;

// Formats: the zpci_dbg() calls of Linux 7.2, arch/s390/pci/*.c and drivers/pci/hotplug/s390_pci_hpc.c.
it.each([
  ["reg ioat fid:20, cc:1, status:40", "a register-ioat cc=1 status=40"],
  ["unreg ioat fid:20, cc:3, status:0", "a unregister-ioat cc=3 status=0"],
  ["rst fid:20, fh:80020000", "a reset"],
  ["crt fid:20, rc:-12", "a create rc=-12"],
  ["add fid:ab, fh:20001, c:2", "b add"],
  ["add fid:20, rc:-5", "a add rc=-5"],
  ["conf fid:20, rc:0", "a configure"],
  ["deconf fid:20, rc:0", "a deconfigure"],
  ["deconf fid:20, rc:-16", "a deconfigure rc=-16"],
  ["rsv fid:20", "a reserved"],
  ["rem fid:20", "a removed"],
  ["ces fid:20, cc:1, status:18", "a clear-error-state cc=1 status=18"],
  ["rls fid:20, cc:1, status:18", "a reset-load-store-blocked cc=1 status=18"],
  ["ena fid:20, fh:80020000, rc:0", "a enable"],
  ["ena fid:20, fh:20000, rc:-5", "a enable rc=-5"],
  ["ena mio fid:20, fh:80020000, rc:0", "a enable-mio"],
  ["dis fid:20, fh:20000, rc:0", "a disable"],
  ["err fid:20, fh:80020000, pec:4", "a error 0x4"],
  ["rea fid:20, fh:20000", "a reappeared"],
  ["avl fid:20, fh:20000, pec:301", "a available 0x301"],
  ["dis fid:99, fh:20000, rc:0", "fid:0x99 disable"],
  ["uid checking:1", "uid checking:1"],
  ["wb bit: n.a.", "wb bit: n.a."],
  ["something new fid:20", "something new fid:20"],
])("tells %s", (line, message) => {
  expect(nameMessages([line], functions)).toEqual([message]);
});

it("makes one message of an event and the line that calls it stale, for the right function", () => {
  const lines = [
    "err fid:20, fh:80020000, pec:4",
    "err fid:ab, fh:80020001, pec:1",
    "err fid:20, fh:80020003 (stale 80020000)",
    "dis fid:20, fh:20000, rc:0",
  ];
  expect(nameMessages(lines, functions)).toEqual(["a error 0x4 stale", "b error 0x1", "a disable"]);
});
