import { expect, it } from "vitest";
import { commandLineFor, emulatedCommandLine } from "./emulated-options.ts";

it.each(["7.0.0", "7.2.13+deb14-s390x"])("gives %s the usual command line", (release) => {
  expect(commandLineFor(release)).toBe(emulatedCommandLine);
});

it.each(["6.1.0-50-s390x", "6.12.107+deb13-s390x", "6.19.1"])("keeps drivers of functions out of %s", (release) => {
  expect(commandLineFor(release)).toBe(`${emulatedCommandLine} initcall_blacklist=virtio_pci_driver_init,nvme_init`);
});
