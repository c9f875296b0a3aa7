/**
 * A real host that is none: an SSH server in this process that runs this project's own scripts, on a tree of files in the place of
 * sysfs, procfs and devices. Writes to the tree have the effects that the kernel's would have.
 */
import { spawn } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { ServerChannel } from "ssh2";
import { hostSchema, type HostConfig, type RealHost } from "../lpar/host-config.ts";
import { startFakeSshHost, type FakeBehaviour, type FakeSshHost } from "./fake-ssh-host.ts";
import { temporaryFolder, type TemporaryFolder } from "./scenario-files.ts";

/** Where the host keeps what is sent to it. */
const folder = "/var/tmp/zhil";
const agentProgram = fileURLToPath(new URL("./fake-real-agent.mjs", import.meta.url));

/** The functions of every fake host: two NVMes that may be used, and a link that is nobody's business. */
export const fakeFunctions = [
  { fid: "0x00000020", address: "0001:00:00.0", driver: "nvme" },
  { fid: "0x00000021", address: "0002:00:00.0", driver: "nvme" },
  { fid: "0x00000099", address: "0063:00:00.0", driver: "mlx5_core" },
] as const;

/** A fake real host. */
export interface FakeRealHost extends AsyncDisposable {
  readonly ssh: FakeSshHost;
  readonly real: RealHost;
  /** The agent for it. */
  readonly agent: Uint8Array;
  /** Writes a file of the tree; null removes it. */
  put(path: string, text: string | null): void;
  /** Reads one; null where it is not there. */
  get(path: string): string | null;
  link(path: string, target: string): void;
  /** Path of a file of the tree here. */
  path(path: string): string;
  /** Drivers of all functions, by FID. */
  drivers(): Readonly<Record<string, string | null>>;
  /** What a script says is changed on its way to the shell: a program that is not there, for instance. */
  rewrite: (script: string) => string;
}

/** What a test host does other than the usual. */
export interface FakeRealBehaviour extends Pick<FakeBehaviour, "onWrite" | "onConnection"> {
  readonly config?: Partial<Record<keyof HostConfig, unknown>>;
  /** Told of each command: true has seen to it. */
  readonly onLine?: (line: string, channel: ServerChannel) => boolean;
}

/** Starts one. */
export async function startFakeRealHost(behaviour: FakeRealBehaviour = {}): Promise<FakeRealHost> {
  const place = await temporaryFolder();
  const tree = makeTree(place);
  const { onLine = (): boolean => false, config = {}, ...others } = behaviour;
  const ssh = await startFakeSshHost({
    ...others,
    files: new TreeFiles(tree),
    onCommand: (line, channel) => {
      if (!onLine(line, channel)) perform(line, channel, tree, fake.rewrite);
    },
  });
  const checked = hostSchema.parse({
    ...{ address: "host.example", user: "tester", hostKey: "none", functions: [{ fid: "0x20", device: "nvme" }] },
    ...config,
  });
  const fake: FakeRealHost = {
    ssh,
    real: { host: ssh.host, config: checked, options: [] },
    agent: Buffer.from(readFileSync(agentProgram, "utf8").replace(/^/u, `#!${process.execPath}\n`)),
    put: (path, text) => {
      if (text === null) rmSync(join(tree, path), { recursive: true, force: true });
      else write(tree, path, text);
    },
    get: (path) => (existsSync(join(tree, path)) ? readFileSync(join(tree, path), "utf8") : null),
    link: (path, target) => {
      link(tree, path, target);
    },
    path: (path) => join(tree, path),
    drivers: () =>
      Object.fromEntries(
        fakeFunctions.map(({ fid, address }) => {
          const driver = join(tree, "sys/bus/pci/devices", address, "driver");
          return [fid, existsSync(driver) ? basename(readlinkSync(driver)) : null];
        }),
      ),
    rewrite: (script) => script,
    [Symbol.asyncDispose]: async () => {
      await ssh[Symbol.asyncDispose]();
      await place[Symbol.asyncDispose]();
    },
  };
  return fake;
}

function write(tree: string, path: string, text: string): void {
  mkdirSync(dirname(join(tree, path)), { recursive: true });
  writeFileSync(join(tree, path), text);
}

function link(tree: string, path: string, target: string): void {
  mkdirSync(dirname(join(tree, path)), { recursive: true });
  rmSync(join(tree, path), { force: true });
  mkdirSync(join(tree, target), { recursive: true });
  symlinkSync(join(tree, target), join(tree, path));
}

const options = [
  ..."S390_IOMMU HOTPLUG_PCI_S390 VFIO VFIO_PCI IOMMUFD VFIO_DEVICE_CDEV VFIO_GROUP VFIO_CONTAINER".split(" "),
  ..."VFIO_IOMMU_TYPE1 DEBUG_FS KALLSYMS STACKTRACE BLK_DEV_NVME".split(" "),
];

/** It asks for no password, unless there is a file that says so; what it ran is in another. */
const sudo = `#!/bin/sh
[ "$1" = -n ] || exit 2
shift
if [ -e "$FAKE_TREE/asks-for-password" ]; then
  echo "sudo: a password is required" >&2
  exit 1
fi
echo "$*" >>"$FAKE_TREE/sudoed"
export SUDO_UID=$(id -u) PATH="$FAKE_TREE/root:$PATH"
exec "$@"
`;

/** A tree that lacks nothing. */
function makeTree({ path: tree }: TemporaryFolder): string {
  const files: Readonly<Record<string, string>> = {
    "proc/sys/kernel/osrelease": "7.2.13\n",
    "proc/sys/kernel/random/boot_id": "11111111-1111-4111-8111-111111111111\n",
    "proc/sysinfo": "Manufacturer:         IBM\nType:                 9175\n",
    "proc/cmdline": "root=/dev/disk/by-uuid/6cb1 ip=192.0.2.9::::gate pci=norid quiet\n",
    "proc/meminfo": "MemTotal:        1048576 kB\n",
    "proc/cpuinfo": "processor 0: version = FF\nprocessor 1: version = FF\n",
    "proc/self/mountinfo": "21 1 94:1 / / rw - ext4 /dev/dasda1 rw\n",
    "proc/swaps": "Filename Type Size Used Priority\n",
    "boot/config-7.2.13": options.map((each) => `CONFIG_${each}=y\n`).join(""),
    "sys/kernel/notes": "build id",
    "sys/kernel/debug/s390dbf/pci_msg/sprintf": "",
    "dev/iommu": "",
    "dev/vfio/vfio": "",
    "dev/kvm": "",
    "dev/kmsg": "",
    addresses: "",
    "bin/sudo": sudo,
    // As root, somebody else than the owner of what the user made.
    "root/id": "#!/bin/sh\necho 4711\n",
  };
  for (const [path, text] of Object.entries(files)) write(tree, path, text);
  for (const program of ["bin/sudo", "root/id"]) chmodSync(join(tree, program), 0o755);
  mkdirSync(join(tree, "var/tmp"), { recursive: true });
  for (const driver of ["vfio-pci", "nvme", "mlx5_core"])
    mkdirSync(join(tree, "sys/bus/pci/drivers", driver), { recursive: true });
  for (const [index, { fid, address, driver }] of fakeFunctions.entries()) {
    const device = `sys/bus/pci/devices/${address}`;
    write(tree, `${device}/function_id`, `${fid}\n`);
    write(tree, `${device}/class`, "0x010802\n");
    write(tree, `${device}/driver_override`, "(null)\n");
    write(tree, `${device}/reset_method`, "flr bus\n");
    link(tree, `${device}/iommu_group`, `sys/kernel/iommu_groups/${index}`);
    write(tree, `${device}/iommu_group/type`, "DMA-FQ\n");
    const regions = [
      "0x0000000000000000 0x00000000ffffffff reserved",
      "0x0000000140000000 0x000003ffffffffff reserved",
    ];
    write(tree, `${device}/iommu_group/reserved_regions`, `${regions.join("\n")}\n`);
    link(tree, `${device}/driver`, `sys/bus/pci/drivers/${driver}`);
  }
  return tree;
}

/** What a write to sysfs does, in the place of the scripts' own `put`. */
const put = (tree: string): string => `put() {
  case $2 in
  */driver/unbind) [ ! -e '${tree}/stuck' ] && rm -f "\${2%/unbind}" ;;
  */drivers/*/bind) [ ! -e '${tree}/unwilling' ] && ln -sfn "\${2%/bind}" '${tree}/sys/bus/pci/devices/'"$1/driver" ;;
  */driver_override) printf '%s\\n' "\${1:-(null)}" >"$2" ;;
  *) printf '%s\\n' "$1" 2>/dev/null >"$2" ;;
  esac
}`;

/** A script with the tree's paths for the machine's. */
const onTree = (script: string, tree: string): string =>
  script
    .replace(/^put\(\) .*$/mu, () => put(tree))
    .replaceAll(/(?<![\w.}])\/(?=(?:sys|proc|boot)\b|dev\/(?:iommu|vfio|kvm|kmsg)\b)/gu, `${tree}/`)
    .replaceAll("ip -o addr show dev", `grep -e`)
    .replaceAll('"$name" 2>/dev/null)', `"$name" '${tree}/addresses')`);

/** Runs a command of the host's on this machine, its paths those of the tree. */
function perform(line: string, channel: ServerChannel, tree: string, rewrite: FakeRealHost["rewrite"]): void {
  const [program = "", ...words] = line
    .split(" ")
    .map((word) => word.replace(/^\/(?=var\/tmp\/zhil|proc\/)/u, `${tree}/`));
  const { PATH = "" } = process.env;
  const env = { ...process.env, FAKE_TREE: tree, PATH: `${join(tree, "bin")}:${PATH}` };
  const child = spawn(program, words, { env, stdio: "pipe" });
  child.on("error", () => {
    channel.exit(127);
  });
  child.stdin.on("error", () => undefined);
  if (words.includes("-s")) {
    const parts: Buffer[] = [];
    channel.on("data", (chunk: Buffer) => parts.push(chunk));
    channel.on("end", () => child.stdin.end(rewrite(onTree(Buffer.concat(parts).toString("utf8"), tree))));
  } else {
    channel.pipe(child.stdin);
  }
  // A server ends what it started for a connection when that is gone: its standard input first.
  channel.on("close", () => child.stdin.end());
  child.stdout.pipe(channel, { end: false });
  child.stderr.pipe(channel.stderr, { end: false });
  child.on("close", (code) => {
    if (channel.destroyed) return;
    channel.exit(code ?? 1);
    channel.end();
  });
}

/** The files of a tree as a map. */
class TreeFiles extends Map<string, Buffer> {
  readonly #tree: string;

  constructor(tree: string) {
    super();
    this.#tree = tree;
  }

  override has(path: string): boolean {
    return existsSync(this.#at(path));
  }

  override get(path: string): Buffer | undefined {
    const at = this.#at(path);
    if (!existsSync(at)) return undefined;
    return statSync(at).isDirectory() ? Buffer.from("folder") : readFileSync(at);
  }

  override set(path: string, content: Buffer): this {
    if (content.equals(Buffer.from("folder"))) mkdirSync(this.#at(path), { mode: 0o700 });
    else writeFileSync(this.#at(path), content, { mode: 0o700 });
    return this;
  }

  override delete(path: string): boolean {
    const was = this.has(path);
    rmSync(this.#at(path), { force: true });
    return was;
  }

  #at(path: string): string {
    if (!path.startsWith(folder)) throw new Error(`Nobody writes to "${path}"`);
    return join(this.#tree, path);
  }
}
