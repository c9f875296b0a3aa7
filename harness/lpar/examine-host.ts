/** What a real host has of what scenarios need, as it says itself: everything is untrusted, and bounded. */
import { InfrastructureError } from "../errors/harness-error.ts";
import type { HostConfig } from "./host-config.ts";
import { runScript, type ScriptPlace } from "./run-script.ts";

/** A function of the host. */
export interface HostFunction {
  readonly fid: number;
  /** PCI address, such as `0001:00:00.0`. */
  readonly address: string;
  /** Null without one. */
  readonly driver: string | null;
  /** Of its IOMMU group. */
  readonly groupType: string;
  /** Whether we may give it another driver. */
  readonly writable: boolean;
  /** IOVAs that it may not use, as its group tells them. */
  readonly reserved: readonly { readonly first: bigint; readonly last: bigint }[];
  /** Block devices behind it, and the bytes of a logical block. */
  readonly blocks: readonly { readonly name: string; readonly blockBytes: number }[];
  /** What is done with it: a kind of use, and the words for it. */
  readonly uses: readonly { readonly kind: string; readonly detail: string }[];
}

/** A host. */
export interface HostFacts {
  readonly release: string;
  /** Of this boot. */
  readonly boot: string;
  /** Whose machine it is, empty where the kernel has no such file; and the hypervisor under it, where there is one. */
  readonly manufacturer: string;
  readonly hypervisor: string | null;
  /** SHA-256 of the kernel's notes, its build id among them. */
  readonly digest: string;
  readonly commandLine: string;
  readonly memoryMiB: number;
  readonly cpus: number;
  /** Empty where the kernel does not tell. */
  readonly options: readonly string[];
  /** Whether we may read and write each: `yes`, `no`, `absent`. */
  readonly nodes: Readonly<Record<string, string>>;
  readonly hasVfioPci: boolean;
  /** Programs that are there. */
  readonly programs: readonly string[];
  /** What QEMU there says of its version; null where there is none. */
  readonly qemu: string | null;
  /** KiB where the agent would lie; null where that is unknown. */
  readonly roomKiB: number | null;
  readonly lease: { readonly owner: string; readonly seconds: number } | null;
  readonly functions: readonly HostFunction[];
}

/** Milliseconds for a look at a host. */
const examineLimit = 60_000;

/**
 * Looks at a host, and changes nothing there.
 * @throws {HarnessError} where it does not answer, or with something else
 */
export async function examineHost(
  { folder, qemu, sudo }: Pick<HostConfig, "folder" | "qemu" | "sudo">,
  { client, signal }: Pick<ScriptPlace, "client" | "signal">,
): Promise<HostFacts> {
  return readFacts(await runScript("examine", [folder, qemu], "\t", { client, sudo, limit: examineLimit, signal }));
}

/**
 * The facts in what `guests/lpar/examine` said.
 * @throws {InfrastructureError} where it did not come to its end
 */
export function readFacts(lines: readonly (readonly string[])[]): HostFacts {
  if (lines.at(-1)?.[0] !== "end") {
    throw new InfrastructureError({ what: "Cannot examine the host: it stopped in the middle of its answer" });
  }
  const all = (word: string): (readonly string[])[] =>
    lines.filter(([first]) => first === word).map((line) => line.slice(1));
  const one = (word: string): readonly string[] => all(word)[0] ?? [];
  const text = (word: string): string => one(word)[0] ?? "";
  const of = (word: string, fid: string): (readonly string[])[] => all(word).filter(([each]) => each === fid);
  const [manufacturer = "", hypervisor = ""] = one("platform");
  const [owner = "", seconds = ""] = one("lease");
  return {
    ...{ release: text("release"), boot: text("boot"), digest: text("digest"), commandLine: text("command-line") },
    ...{ manufacturer: manufacturer.trim(), hypervisor: hypervisor.trim() === "" ? null : hypervisor.trim() },
    memoryMiB: Math.max(1, Math.round(numberOf(text("memory")) / 1024)),
    cpus: Math.max(1, numberOf(text("cpus"))),
    options: all("option").map(([option = ""]) => option),
    nodes: Object.fromEntries(all("node").map(([name = "", able = ""]) => [name, able])),
    hasVfioPci: one("driver")[1] === "yes",
    programs: all("program").flatMap(([name = "", where = ""]) => (where === "" ? [] : [name])),
    qemu: text("qemu") === "" ? null : text("qemu"),
    roomKiB: text("room") === "" ? null : numberOf(text("room")),
    lease: owner === "" ? null : { owner, seconds: numberOf(seconds) },
    functions: all("function").map(([fid = "", address = "", driver = "", , , groupType = "", writable = ""]) => ({
      ...{ fid: numberOf(fid), address, driver: driver === "" ? null : driver, groupType },
      writable: writable === "yes",
      reserved: of("reserved", fid).flatMap(([, first = "", last = ""]) =>
        /^0x[0-9a-f]{1,16}$/u.test(first) && /^0x[0-9a-f]{1,16}$/u.test(last)
          ? [{ first: BigInt(first), last: BigInt(last) }]
          : [],
      ),
      blocks: of("block", fid).map(([, name = "", bytes = ""]) => ({ name, blockBytes: numberOf(bytes) })),
      uses: of("use", fid).map(([, kind = "", detail = ""]) => ({ kind, detail })),
    })),
  };
}

function numberOf(text: string): number {
  const number = Number(text);
  return Number.isSafeInteger(number) && number >= 0 ? number : 0;
}
