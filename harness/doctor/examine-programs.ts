import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { findDebianSource, readAptSources } from "../assets/apt-sources.ts";
import type { Given } from "../assets/given.ts";
import { readCodename } from "../assets/private-apt.ts";
import { projectRoot } from "../assets/project-root.ts";
import { tryTool } from "../assets/run-tool.ts";
import { isInstalled } from "../kernel/compiler.ts";
import { fine, missing, warning, type Finding } from "./finding.ts";

/** What building takes, as ci/needs.json lists it: a program, or a file that a compiler finds. */
interface Need {
  readonly program?: string;
  readonly library?: string;
  readonly compiler?: string;
  /** Debian's package. */
  readonly package: string;
  readonly for: string;
  /** Whether only other machines than s390x need it. */
  readonly cross?: boolean;
  /** Whether only this project's own tests need it. */
  readonly tests?: boolean;
}

const askLimit = 30_000;

/** Node, apt, and the programs that kernel and agent are built with. */
export async function examinePrograms(given: Given, signal: AbortSignal): Promise<readonly Finding[]> {
  return [examineNode(process.versions.node), await examineApt(given), ...(await examineNeeds(given, signal))];
}

/** Node's version against what package.json asks for. */
export function examineNode(version: string): Finding {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  if (major > 20 || (major === 20 && minor >= 19)) return fine("node", version);
  return missing("node", `${version}, and 20.19 is needed`, "Install a newer Node");
}

async function examineApt(given: Given): Promise<Finding> {
  const provide = "Set ZHIL_QEMU=, ZHIL_KERNEL= and ZHIL_AGENT= to what you have";
  if (given.qemu !== undefined && given.kernel !== undefined && given.agent !== undefined) {
    return fine("apt", "not needed: QEMU, kernel and agent are given");
  }
  if (!(await isInstalled("apt-get"))) return warning("apt", "not installed: nothing can be fetched", provide);
  const codename = readCodename(await readFile("/etc/os-release", "utf8").catch(() => ""));
  const source = findDebianSource(await readAptSources("/etc/apt"), codename);
  if (source === null) return warning("apt", `none of its sources serves Debian ${codename ?? ""}`.trim(), provide);
  return fine("apt", `Debian ${codename ?? ""} from ${source.uris.join(" ")}`);
}

async function examineNeeds(given: Given, signal: AbortSignal): Promise<readonly Finding[]> {
  if (given.kernel !== undefined && given.agent !== undefined) {
    return [fine("programs to build with", "not needed: kernel and agent are given")];
  }
  const text = await readFile(join(projectRoot, "ci/needs.json"), "utf8");
  const needs = (JSON.parse(text) as readonly Need[]).filter(
    (need) => need.tests !== true && (process.arch !== "s390x" || need.cross !== true),
  );
  const absent: Need[] = [];
  for (const need of needs) if (!(await isThere(need, signal))) absent.push(need);
  if (absent.length === 0) return [fine("programs to build with", needs.map(nameOf).join(", "))];
  return absent.map((need) =>
    missing(
      nameOf(need),
      `not installed; needed for ${need.for}`,
      `Run ci/setup, or: apt-get install ${need.package}`,
    ),
  );
}

async function isThere(need: Need, signal: AbortSignal): Promise<boolean> {
  if (need.program !== undefined) return isInstalled(need.program);
  const { compiler = "gcc", library = "" } = need;
  if (!(await isInstalled(compiler))) return false;
  const { stdout } = await tryTool({
    command: compiler,
    arguments: [`-print-file-name=${library}`],
    purpose: `ask "${compiler}" for ${library}`,
    signal,
    limit: askLimit,
  });
  // A compiler prints the path of a file it finds, else the bare name.
  return stdout.includes("/");
}

function nameOf(need: Need): string {
  return need.program ?? `${need.library ?? ""} for ${need.compiler ?? ""}`;
}
