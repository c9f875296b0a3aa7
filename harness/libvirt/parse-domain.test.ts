import { describe, expect, it } from "vitest";
import { newDomain, oldDomain } from "../testing/domain-xml.ts";
import { addressesOf } from "./domain.ts";
import { parseDomain } from "./parse-domain.ts";
import { renderDomain } from "./render-domain.ts";

const parse = (text: string): ReturnType<typeof parseDomain> => parseDomain(text, "guest.xml");

describe("a domain", () => {
  it("gives memory, processors, machine, and functions with their addresses", async () => {
    const { domain } = await parse(oldDomain);
    expect(domain).toEqual({
      ...{ name: "guest1", memoryMiB: 2048, cpus: 2, machine: "s390-ccw-virtio-4.2" },
      functions: [{ kind: "hostdev", source: "0001:00:00.0", uid: 0x19, fid: 0x1f }],
    });
  });

  it("lists what is of no account, and why", async () => {
    const { ignored } = await parse(oldDomain);
    expect(ignored).toContain("<cpu>: the bench takes all that the processor has");
    expect(ignored).toContain("<os><boot>: the bench boots its own");
    expect(ignored).toContain("<disk> file (virtio-disk0): no zPCI function");
    expect(ignored.join()).not.toMatch(/hostdev|<memory>|<vcpu>/u);
  });

  it("knows iommufd and emulated functions, and gives those without an address the lowest that is free", async () => {
    const { domain } = await parse(newDomain);
    expect(domain.functions).toEqual([
      { kind: "hostdev", source: "0002:00:00.0", iommufd: true, uid: 1, fid: 1 },
      { kind: "nvme", uid: 3, fid: 0 },
      { kind: "virtio-rng", uid: 0xffff, fid: 0xffff_ffff },
    ]);
    expect(addressesOf(domain).map(({ device }) => device)).toEqual(["nvme", "virtio-rng", null]);
  });

  it.each([
    ["an old one", oldDomain],
    ["a new one", newDomain],
  ])("comes back as it was when it is printed and read again: %s", async (_, text) => {
    const { domain } = await parse(text);
    const sorted = (each: typeof domain): typeof domain => ({
      ...each,
      functions: [...each.functions].sort((one, other) => one.uid - other.uid),
    });
    expect(sorted((await parse(renderDomain(domain))).domain)).toEqual(sorted(domain));
    expect((await parse(renderDomain(domain))).ignored).toEqual([]);
  });
});

describe("what cannot be honoured", () => {
  it.each([
    ["another architecture", ["arch='s390x'", "arch='x86_64'"], /the architecture "x86_64"/u],
    ["another machine", ["s390-ccw-virtio-4.2", "q35"], /the machine "q35"/u],
    [
      "a machine that is an option, too",
      ["s390-ccw-virtio-4.2", "s390-ccw-virtio,x=y"],
      /the machine "s390-ccw-virtio,x=y"/u,
    ],
    [
      "too little memory",
      ["<memory unit='KiB'>2097152", "<memory unit='KiB'>1024"],
      /<memory> of 1 MiB, expected 128/u,
    ],
    ["memory in a unit that is none", ["<memory unit='KiB'>", "<memory unit='pounds'>"], /<memory unit="pounds">/u],
    ["no processor", [">2</vcpu>", ">0</vcpu>"], /<vcpu> of "0"/u],
    [
      "an element of the emulator's own",
      ["<clock offset='utc'/>", "<qemu:commandline xmlns:qemu='x'/>"],
      /<qemu:commandline>/u,
    ],
    ["protected memory", ["<clock offset='utc'/>", "<launchSecurity type='s390-pv'/>"], /<launchSecurity>/u],
    [
      "a network card at a PCI address",
      ["<panic model='s390'/>", "<interface type='user'><address type='pci'/></interface>"],
      /<interface> user: no scenario has such a function/u,
    ],
    [
      "a USB device handed through",
      ["type='pci' managed", "type='usb' managed"],
      /<hostdev> usb \(hostdev0\) of type "usb"/u,
    ],
    [
      "a driver other than VFIO",
      ["<driver name='vfio'/>", "<driver name='xen'/>"],
      /0001:00:00\.0 with the driver "xen"/u,
    ],
    ["UID 0", ["uid='0x0019'", "uid='0x0000'"], /uid="0x0000"/u],
    ["a UID too large", ["uid='0x0019'", "uid='0x10000'"], /uid="0x10000"/u],
    ["a FID that is no number", ["fid='0x0000001f'", "fid='31; rm'"], /fid="31; rm"/u],
    [
      "two of one UID",
      ["<panic model='s390'/>", "<rng><address type='pci'><zpci uid='0x19'/></address></rng>"],
      /two functions of uid 0x19/u,
    ],
  ])("is refused by name: %s", async (_, [from = "", to = ""], message) => {
    expect(oldDomain).toContain(from);
    await expect(parse(oldDomain.replace(from, to))).rejects.toThrow(message);
  });

  it("is all named at once", async () => {
    const text = oldDomain
      .replace("arch='s390x'", "arch='x'")
      .replace("<panic model='s390'/>", "<memory model='dimm'/>");
    await expect(parse(text)).rejects.toThrow(/"x"; .*<memory> dimm|<memory> dimm.*"x"/u);
  });
});

describe("hostile XML", () => {
  const entity = `<!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/passwd">]><domain><name>&x;</name></domain>`;
  it.each([
    ["an entity", entity, /a declaration/u],
    ["a document type in capitals that are not", "<!doctype d><domain/>", /a declaration/u],
    ["an entity that nobody defined", "<domain><name>&x;</name></domain>", /Invalid character entity/u],
    ["depth", "<a>".repeat(10_000), /deeper than 32/u],
    ["size", `<domain>${" ".repeat(1024 * 1024)}</domain>`, /more than 1048576 bytes/u],
    ["many tags", `<domain>${"<a/>".repeat(30_000)}</domain>`, /more than 20000 tags/u],
    ["what is cut off", "<domain><name>", /Unclosed root tag/u],
    ["nothing", "", /it is empty|Document is empty/u],
    ["something else", "<html/>", /its root is <html>, expected <domain>/u],
  ])("is refused: %s", async (_, text, message) => {
    await expect(parse(text)).rejects.toThrow(message);
  });

  it("reaches no prototype by its names", async () => {
    const text = oldDomain.replace("<clock offset='utc'/>", "<__proto__ polluted='yes'/><constructor/>");
    await expect(parse(text)).rejects.toThrow(/<__proto__>.*<constructor>/u);
    expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
  });

  it("takes a comment that looks like a declaration for a comment", async () => {
    expect((await parse(oldDomain.replace("<clock", "<!-- <!ENTITY x> --><clock"))).domain.cpus).toBe(2);
  });
});
