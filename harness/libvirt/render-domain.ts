/** A bench as a domain of libvirt's, in the form that `virsh define` takes. */
import { Builder } from "xml2js";
import type { Domain, DomainFunction } from "./domain.ts";

type Attributes = Readonly<Record<string, string>>;

/** The domain as XML. */
export function renderDomain({ name, memoryMiB, cpus, machine, functions }: Domain): string {
  const devices = functions.map(renderFunction);
  const of = (element: string): unknown[] =>
    devices.filter((each) => each.element === element).map(({ content }) => content);
  const lists = Object.fromEntries(
    ["controller", "hostdev", "rng"]
      .map((each) => [each, of(each)])
      .filter(([, list]) => (list as unknown[]).length > 0),
  ) as Record<string, unknown>;
  return new Builder({ headless: true }).buildObject({
    domain: {
      $: { type: "qemu" },
      name,
      memory: { $: { unit: "MiB" }, _: String(memoryMiB) },
      vcpu: String(cpus),
      os: { type: { $: { arch: "s390x", machine }, _: "hvm" } },
      devices: lists,
    },
  });
}

function renderFunction(
  each: DomainFunction,
  index: number,
): { readonly element: string; readonly content: unknown } {
  const address = {
    $: { type: "pci", domain: `0x${hex(each.uid, 4)}`, bus: "0x00", slot: "0x00", function: "0x0" },
    zpci: { $: { uid: `0x${hex(each.uid, 4)}`, fid: `0x${hex(each.fid, 8)}` } },
  };
  switch (each.kind) {
    case "hostdev":
      return {
        element: "hostdev",
        content: {
          $: { mode: "subsystem", type: "pci", managed: "yes" },
          driver: { $: { name: "vfio", ...(each.iommufd === true ? { iommufd: "yes" } : {}) } satisfies Attributes },
          source: { address: { $: splitSource(each.source ?? "") } },
          address,
        },
      };
    case "nvme":
      return {
        element: "controller",
        content: { $: { type: "nvme", index: String(index), model: "nvme" }, address },
      };
    case "virtio-rng":
      return {
        element: "rng",
        content: { $: { model: "virtio" }, backend: { $: { model: "random" }, _: "/dev/urandom" }, address },
      };
  }
}

const hex = (value: number, width: number): string => value.toString(16).padStart(width, "0");

function splitSource(source: string): Attributes {
  const [domain = "0", bus = "0", rest = "0.0"] = source.split(":");
  const [slot = "0", fn = "0"] = rest.split(".");
  return { domain: `0x${domain}`, bus: `0x${bus}`, slot: `0x${slot}`, function: `0x${fn}` };
}
