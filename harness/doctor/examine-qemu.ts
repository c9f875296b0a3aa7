import type { Qemu } from "../assets/assets.ts";
import { preferredQemu } from "../assets/fetch-qemu.ts";
import { findQemu, oldestQemu } from "../assets/prepare-qemu.ts";
import { tryTool } from "../assets/run-tool.ts";
import { failed, fine, missing, warning, type Finding } from "./finding.ts";

/** A device or object of QEMU, and what it is for. */
interface Feature {
  readonly name: string;
  readonly list: "-device" | "-object";
  readonly for: string;
  readonly required: boolean;
  readonly since: string;
}

const features: readonly Feature[] = [
  { name: "zpci", list: "-device", for: "functions with a uid and a fid", required: true, since: "2.8" },
  { name: "nvme", list: "-device", for: "functions that do DMA", required: false, since: preferredQemu },
  { name: "virtio-rng-pci", list: "-device", for: "functions without NVMe", required: true, since: "2.0" },
  { name: "virtio-blk-pci", list: "-device", for: "scenarios on virtio-blk", required: false, since: "2.11" },
  { name: "igb", list: "-device", for: "scenarios on igb", required: false, since: preferredQemu },
  { name: "e1000e", list: "-device", for: "scenarios on e1000e", required: false, since: preferredQemu },
  { name: "virtio-serial-ccw", list: "-device", for: "the agent's channel", required: true, since: "2.0" },
  { name: "iommufd", list: "-object", for: "passing functions on to a guest", required: false, since: "9.0" },
  { name: "vfio-user-pci", list: "-device", for: "functions written in TypeScript", required: false, since: "10.1" },
];

const askLimit = 30_000;

/** The QEMU that a run would use: version and what it can. */
export async function examineQemu(
  root: string,
  given: string | undefined,
  signal: AbortSignal,
): Promise<readonly Finding[]> {
  let qemu: Qemu | null;
  try {
    qemu = await findQemu({ root, given, update: false, signal });
  } catch (error) {
    return [failed("QEMU", error, "Set ZHIL_QEMU= to one that can be used, or unset it")];
  }
  if (qemu === null) {
    const remedy = `Run ci/setup, which fetches one, or set ZHIL_QEMU= to a qemu-system-s390x of ${oldestQemu} or later`;
    return [missing("QEMU", `none of ${preferredQemu} or later on this machine or in the cache`, remedy)];
  }
  const found = fine("QEMU", `${qemu.version} (${qemu.origin})`);
  const said = `${await askFor(qemu, "-device", signal)}\n${await askFor(qemu, "-object", signal)}`;
  return [found, ...features.map((feature) => judgeFeature(feature, said))];
}

/** Whether QEMU's own lists name a feature. */
export function judgeFeature(feature: Feature, said: string): Finding {
  const what = `QEMU ${feature.list} ${feature.name}`;
  const name = feature.name.replace(/[.*+?^$()[\]{}|\\]/g, "\\$&");
  if (new RegExp(`^\\s*(name "${name}"|${name}$)`, "m").test(said)) return fine(what, `for ${feature.for}`);
  const remedy = `Use a QEMU of ${feature.since} or later that is built with it`;
  return (feature.required ? missing : warning)(what, `not there; it is for ${feature.for}`, remedy);
}

async function askFor(qemu: Qemu, list: Feature["list"], signal: AbortSignal): Promise<string> {
  const [command, ...rest] = qemu.argv;
  const { stdout } = await tryTool({
    command,
    arguments: [...rest, "-M", "none", list, "help"],
    purpose: `ask QEMU for its ${list} list`,
    signal,
    limit: askLimit,
    environment: qemu.environment,
  });
  return stdout;
}
