/**
 * What `virsh dumpxml` prints, read: what a bench can honour, what is of no account to it, and all else by name.
 * Format: libvirt's docs/formatdomain.rst; the address element `zpci` in src/conf/device_conf.c, virZPCIDeviceAddressParseXML.
 */
import { UsageError } from "../errors/harness-error.ts";
import type { Domain, DomainFunction, ParsedDomain } from "./domain.ts";
import { limits } from "./domain.ts";
import { childOf, readXml, type XmlElement } from "./read-xml.ts";

const kibibyte = 1024n;
/** Units of sizes, in bytes (docs/formatdomain.rst, "memory"). */
const units: Readonly<Record<string, bigint>> = {
  ...{
    b: 1n,
    bytes: 1n,
    KB: 1000n,
    k: kibibyte,
    KiB: kibibyte,
    MB: 1_000_000n,
    M: kibibyte ** 2n,
    MiB: kibibyte ** 2n,
  },
  ...{
    GB: 1_000_000_000n,
    G: kibibyte ** 3n,
    GiB: kibibyte ** 3n,
    TB: 1_000_000_000_000n,
    T: kibibyte ** 4n,
    TiB: kibibyte ** 4n,
  },
};
const bounds = { memoryMiB: [128, 65_536], cpus: [1, 248] } as const;

/** Elements of a domain that say nothing a bench could do otherwise. */
const irrelevant: Readonly<Record<string, string>> = {
  ...{
    uuid: "names it",
    title: "names it",
    description: "describes it",
    metadata: "describes it",
    genid: "names it",
  },
  ...{ currentMemory: "there is no balloon", cputune: "placement on the host", iothreads: "placement on the host" },
  ...{ iothreadids: "placement on the host", numatune: "placement on the host", resource: "placement on the host" },
  ...{
    blkiotune: "placement on the host",
    memtune: "placement on the host",
    memoryBacking: "RAM is a file of the bench's",
  },
  ...{
    features: "the machine has its own",
    cpu: "the bench takes all that the processor has",
    clock: "time is the host's",
  },
  ...{ on_poweroff: "the bench ends its machines itself", on_reboot: "the bench ends its machines itself" },
  ...{
    on_crash: "the bench ends its machines itself",
    on_lockfailure: "no lock is held",
    pm: "no sleep state is used",
  },
  ...{
    seclabel: "placement on the host",
    perf: "placement on the host",
    vcpus: "all of them are on",
    iommufd: "a scenario says itself what it opens",
  },
};
/** Devices that no scenario has to do with, unless they are zPCI functions. */
const irrelevantDevices = new Set(
  "emulator controller console serial channel input graphics video audio memballoon panic watchdog rng disk interface filesystem hub redirdev sound smartcard tpm vsock".split(
    " ",
  ),
);
const ofOs: Readonly<Record<string, string>> = {
  ...{ kernel: "the bench boots its own", initrd: "the bench boots its own", cmdline: "the bench boots its own" },
  ...{ boot: "the bench boots its own", bootmenu: "the bench boots its own", loader: "the bench boots its own" },
};

/**
 * Reads a domain.
 * @throws {UsageError} naming everything that cannot be honoured
 */
export async function parseDomain(text: string, file: string): Promise<ParsedDomain> {
  const root = await readXml(text, file);
  if (root.name !== "domain") {
    throw new UsageError({ what: `Cannot use "${file}" as a domain: its root is <${root.name}>, expected <domain>` });
  }
  const reader = new DomainReader();
  const domain = reader.read(root);
  if (reader.refused.length > 0) {
    throw new UsageError({
      what: `Cannot honour the domain "${file}": ${reader.refused.join("; ")}`,
      remedy: "Take these out of a copy of the file, where the scenarios are to run without them",
    });
  }
  return { domain, ignored: reader.ignored };
}

/** What a table has of a name; a name from outside reaches nothing else of it. */
const lookUp = <T>(table: Readonly<Record<string, T>>, name: string): T | undefined =>
  Object.hasOwn(table, name) ? table[name] : undefined;

class DomainReader {
  readonly refused: string[] = [];
  readonly ignored: string[] = [];

  read(root: XmlElement): Domain {
    const devices = childOf(root, "devices");
    for (const element of root.children) this.#look(element);
    return {
      name: childOf(root, "name")?.text ?? "",
      memoryMiB: this.#readMemory(childOf(root, "memory")),
      cpus: this.#readCpus(childOf(root, "vcpu")),
      machine: this.#readMachine(childOf(root, "os")),
      functions: this.#addressed((devices?.children ?? []).flatMap((device) => this.#readDevice(device))),
    };
  }

  #look({ name }: XmlElement): void {
    if (["name", "memory", "vcpu", "os", "devices"].includes(name)) return;
    const why = lookUp(irrelevant, name);
    if (why === undefined) this.refused.push(`<${name}>`);
    else this.ignored.push(`<${name}>: ${why}`);
  }

  #readMemory(element: XmlElement | undefined): number {
    if (element === undefined) return this.#refuse("no <memory>", bounds.memoryMiB[0]);
    const unit = element.attributes["unit"] ?? "KiB";
    const factor = lookUp(units, unit);
    if (factor === undefined || !/^\d{1,15}$/u.test(element.text)) {
      return this.#refuse(`<memory unit="${unit}">${element.text}</memory>`, bounds.memoryMiB[0]);
    }
    const mebibytes = Number((BigInt(element.text) * factor) / kibibyte ** 2n);
    return this.#within(mebibytes, bounds.memoryMiB, `<memory> of ${mebibytes} MiB`);
  }

  #readCpus(element: XmlElement | undefined): number {
    const count = Number(element?.text ?? "1");
    return this.#within(Number.isInteger(count) ? count : 0, bounds.cpus, `<vcpu> of "${element?.text ?? ""}"`);
  }

  #readMachine(os: XmlElement | undefined): string {
    const type = childOf(os, "type");
    for (const { name } of os?.children ?? []) {
      if (name === "type") continue;
      const why = lookUp(ofOs, name);
      if (why === undefined) this.refused.push(`<os><${name}>`);
      else this.ignored.push(`<os><${name}>: ${why}`);
    }
    const { arch = "s390x", machine = "s390-ccw-virtio" } = type?.attributes ?? {};
    if (type !== undefined && type.text !== "hvm") this.refused.push(`<type>${type.text}</type>`);
    if (arch !== "s390x") this.refused.push(`the architecture "${arch}"`);
    if (!/^s390-ccw-virtio(?:-\d{1,3}\.\d{1,3})?$/u.test(machine)) this.refused.push(`the machine "${machine}"`);
    return machine;
  }

  /** A device is a zPCI function where it has a PCI address; others are at the channel subsystem or nowhere. */
  #readDevice(device: XmlElement): readonly Unaddressed[] {
    const address = device.children.find(
      ({ name, attributes }) => name === "address" && attributes["type"] === "pci",
    );
    const what = nameDevice(device);
    if (device.name === "hostdev") return this.#readHostdev(device, address);
    const isBus = device.name === "controller" && device.attributes["type"] === "pci";
    if (isBus || address === undefined) {
      if (irrelevantDevices.has(device.name)) this.ignored.push(`${what}: no zPCI function`);
      else this.refused.push(what);
      return [];
    }
    const kind = kindOf(device);
    if (kind !== null) return [{ kind, ...this.#readZpci(address, what) }];
    this.refused.push(`${what}: no scenario has such a function`);
    return [];
  }

  #readHostdev(device: XmlElement, address: XmlElement | undefined): readonly Unaddressed[] {
    const { mode = "subsystem", type = "" } = device.attributes;
    const at = childOf(childOf(device, "source"), "address")?.attributes;
    if (mode !== "subsystem" || type !== "pci" || at === undefined) {
      this.refused.push(`${nameDevice(device)} of type "${type}"`);
      return [];
    }
    const part = (name: string, width: number): string =>
      parseNumber(at[name] ?? "0x0", 0xffff)
        ?.toString(16)
        .padStart(width, "0") ?? "";
    const source = `${part("domain", 4)}:${part("bus", 2)}:${part("slot", 2)}.${part("function", 1)}`;
    const driver = childOf(device, "driver")?.attributes ?? {};
    if ((driver["name"] ?? "vfio") !== "vfio")
      this.refused.push(`<hostdev> ${source} with the driver "${driver["name"] ?? ""}"`);
    const iommufd = driver["iommufd"] === "yes";
    return [
      { kind: "hostdev", source, ...(iommufd ? { iommufd } : {}), ...this.#readZpci(address, `<hostdev> ${source}`) },
    ];
  }

  #readZpci(address: XmlElement | undefined, what: string): Pick<Unaddressed, "uid" | "fid"> {
    const zpci = childOf(address, "zpci")?.attributes ?? {};
    const read = (name: "uid" | "fid"): number | null => {
      const text = zpci[name];
      if (text === undefined) return null;
      const value = parseNumber(text, limits[name]);
      if (value === null || (name === "uid" && value === 0)) this.refused.push(`${what}: ${name}="${text}"`);
      return value;
    };
    return { uid: read("uid"), fid: read("fid") };
  }

  /** What has no UID or FID gets the lowest that is free, as libvirt gives them (src/conf/domain_addr.c, virDomainZPCIAddressReserveNextUid). */
  #addressed(functions: readonly Unaddressed[]): readonly DomainFunction[] {
    const taken = { uid: new Set<number>(), fid: new Set<number>() };
    for (const each of functions) {
      for (const name of ["uid", "fid"] as const) {
        const value = each[name];
        if (value === null) continue;
        if (taken[name].has(value)) this.refused.push(`two functions of ${name} 0x${value.toString(16)}`);
        taken[name].add(value);
      }
    }
    const next = (name: "uid" | "fid", first: number): number => {
      let value = first;
      while (taken[name].has(value)) value += 1;
      taken[name].add(value);
      return value;
    };
    return functions.map(({ uid, fid, ...rest }) => ({
      ...rest,
      uid: uid ?? next("uid", 1),
      fid: fid ?? next("fid", 0),
    }));
  }

  #within(value: number, [least, greatest]: readonly [number, number], what: string): number {
    return value >= least && value <= greatest
      ? value
      : this.#refuse(`${what}, expected ${least} to ${greatest}`, least);
  }

  #refuse(what: string, instead: number): number {
    this.refused.push(what);
    return instead;
  }
}

type Unaddressed = Omit<DomainFunction, "uid" | "fid"> & { readonly uid: number | null; readonly fid: number | null };

/** The kind of function that a scenario knows a device as; null where none does. */
function kindOf(device: XmlElement): "nvme" | "virtio-rng" | null {
  if (device.name === "rng") return "virtio-rng";
  return device.name === "controller" && device.attributes["type"] === "nvme" ? "nvme" : null;
}

function nameDevice({ name, attributes, children }: XmlElement): string {
  const alias = children.find((each) => each.name === "alias")?.attributes["name"];
  const kind = attributes["type"] ?? attributes["model"];
  return `<${name}>${kind === undefined ? "" : ` ${kind}`}${alias === undefined ? "" : ` (${alias})`}`;
}

function parseNumber(text: string, greatest: number): number | null {
  if (!/^(?:0x[0-9a-f]{1,8}|\d{1,10})$/iu.test(text)) return null;
  const value = Number(text);
  return value <= greatest ? value : null;
}
