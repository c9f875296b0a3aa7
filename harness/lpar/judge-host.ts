/** What a real host lacks, and what to do about each: the lines of `zhil doctor --bench lpar`. */
import { judgeOptions } from "../doctor/examine-kernel.ts";
import { fine, missing, warning, type Finding } from "../doctor/finding.ts";
import type { HostFacts, HostFunction } from "./examine-host.ts";
import { spellFid, type HostConfig, type UsableFunction } from "./host-config.ts";

/** KiB that the agent and a lease take, and some more. */
const neededRoom = 8 * 1024;
/** A line of the kernel's options is of no account to a host that has drivers of its own, or no console of ours. */
const ofMachinesOnly = [
  "VIRTIO_CONSOLE",
  "DEVTMPFS",
  "FAULT_INJECTION_DEBUG_FS",
  "FAILSLAB",
  "BLK_DEV_NVME",
  "IOMMUFD_TEST",
  "IOMMU_IOPF",
];

/** Everything that was looked at, in the order things are needed. */
export const judgeHost = (facts: HostFacts, config: HostConfig): readonly Finding[] => [
  judgePlatform(facts),
  fine("kernel", `Linux ${facts.release}`),
  ...judgeOptions(facts.options, `on the host as /boot/config-${facts.release}`).filter(
    ({ what }) => !ofMachinesOnly.some((option) => what.endsWith(` ${option}`)),
  ),
  ...judgeNodes(facts),
  ...judgePrograms(facts),
  judgeRoom(facts, config),
  judgeQemu(facts, config),
  ...config.functions.flatMap((each) => judgeFunction(each, facts)),
  judgeLease(facts),
];

function judgePlatform({ manufacturer, hypervisor }: HostFacts): Finding {
  if (manufacturer === "") {
    return missing("machine", "it has no /proc/sysinfo", "Name a host whose architecture is s390x");
  }
  return fine("machine", hypervisor === null ? "an LPAR" : `under ${hypervisor}`);
}

function judgeNodes({ nodes, hasVfioPci }: HostFacts): readonly Finding[] {
  const root = 'Log in as root, or say "sudo: true" and let the user run sh by sudo without a password';
  const need = (what: string, node: string, load: string): Finding => {
    if (nodes[what] === "yes") return fine(what, `${node} can be used`);
    if (nodes[what] === "no") return missing(what, `${node} is not ours to use`, root);
    return missing(what, `${node} is not there`, `Run on the host: modprobe ${load}`);
  };
  return [
    hasVfioPci
      ? fine("vfio-pci", "the driver is there")
      : missing("vfio-pci", "the driver is not there", "Run on the host: modprobe vfio-pci"),
    need("iommufd", "/dev/iommu", "iommufd"),
    need("type1", "/dev/vfio/vfio", "vfio_iommu_type1"),
    nodes["log"] === "yes"
      ? fine("kernel log", "/dev/kmsg can be read")
      : missing("kernel log", "/dev/kmsg cannot be read: a WARN would go unseen", root),
    nodes["messages"] === "yes"
      ? fine("zPCI messages", "the s390dbf of PCI can be read")
      : missing("zPCI messages", "/sys/kernel/debug/s390dbf/pci_msg cannot be read", `Mount debugfs there. ${root}`),
    nodes["kvm"] === "yes"
      ? fine("KVM", "/dev/kvm can be used")
      : warning(
          "KVM",
          `/dev/kvm is ${nodes["kvm"] === "no" ? "not ours to use" : "not there"}`,
          "Nothing, where no guest is to run there",
        ),
  ];
}

function judgePrograms({ programs }: HostFacts): readonly Finding[] {
  return [
    programs.includes("flock")
      ? fine("flock", "there")
      : missing("flock", "not there: nothing would keep two runs apart", "Install util-linux on the host"),
    programs.includes("ip")
      ? fine("ip", "there")
      : warning(
          "ip",
          "not there: every link that is not down counts as one with an address",
          "Install iproute2 on the host",
        ),
  ];
}

function judgeRoom({ roomKiB }: HostFacts, { folder }: HostConfig): Finding {
  const detail =
    roomKiB === null
      ? "what it would be in is not there, or df does not know it"
      : `${Math.round(roomKiB / 1024)} MiB free`;
  if (roomKiB !== null && roomKiB >= neededRoom) return fine("room", `${folder}: ${detail}`);
  return missing("room", `${folder}: ${detail}`, 'Make room there, or name another "folder"');
}

const judgeQemu = ({ qemu }: HostFacts, config: HostConfig): Finding =>
  qemu === null
    ? warning("QEMU", `"${config.qemu}" is not there`, "Nothing, where no guest is to run there")
    : fine("QEMU", qemu);

/** A function that may be used: there, ours, and nobody else's. */
export function judgeFunction(
  wanted: UsableFunction,
  { functions }: Pick<HostFacts, "functions">,
): readonly Finding[] {
  const fid = Number(wanted.fid);
  const what = `function ${spellFid(fid)}`;
  const found = functions.find((each) => each.fid === fid);
  if (found === undefined) {
    const there = functions.map((each) => spellFid(each.fid)).join(", ");
    return [
      missing(
        what,
        "not there",
        `Name one of ${there === "" ? "none: attach a function to the LPAR" : there}, or switch its slot on`,
      ),
    ];
  }
  const findings = [
    ...(found.writable
      ? []
      : [
          missing(
            what,
            `${found.address} cannot be given another driver by us`,
            'Log in as root, or say "sudo: true"',
          ),
        ]),
    ...judgeUses(what, wanted, found),
    ...judgeMedium(what, wanted, found),
  ];
  const whose = found.driver === null ? "no driver" : `driver ${found.driver}`;
  return findings.length > 0 ? findings : [fine(what, `${found.address}, ${whose}, free`)];
}

function judgeUses(what: string, { despite }: UsableFunction, { uses, address }: HostFunction): readonly Finding[] {
  return uses.map(({ kind, detail }): Finding => {
    const said = `${address} is in use: ${kind}: ${detail}`;
    if ((despite as readonly string[]).includes(kind))
      return warning(what, said, `Nothing: the configuration allows it ("despite")`);
    return missing(
      what,
      said,
      `Take it out of use, or name another function. Only where that is meant: despite: ["${kind}"]`,
    );
  });
}

function judgeMedium(what: string, { overwrite }: UsableFunction, { blocks }: HostFunction): readonly Finding[] {
  if (!overwrite) return [];
  const odd = blocks.filter(({ blockBytes }) => blockBytes !== 4096);
  return odd.map(({ name, blockBytes }) =>
    warning(
      what,
      `blocks of ${name} have ${blockBytes} bytes: no DMA with its medium`,
      "Format the namespace with blocks of 4096 bytes",
    ),
  );
}

function judgeLease({ lease }: HostFacts): Finding {
  if (lease === null) return fine("lease", "nobody has the functions");
  if (lease.owner === "foreign") {
    return missing("lease", "the folder for it is another user's", 'Log in as that user, or name another "folder"');
  }
  return warning(
    "lease",
    `${lease.owner} has the functions, ${lease.seconds} s ago`,
    "Wait for it to end; where it never will: zhil release",
  );
}
