/**
 * Exports a scenario as a folder that needs nothing of this project: a kernel, an initramfs with one static program and what
 * it is to do, media, and a script that starts QEMU. What a mailing list is sent.
 */
import { appendFile, chmod, copyFile, mkdir, readdir, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { gzipSync } from "node:zlib";
import { predict } from "../../src/model/model.ts";
import type { QuirkName } from "../../src/model/quirks.ts";
import type { Operation } from "../../src/operation/operation.ts";
import type { Plan } from "../../src/plan/plan.ts";
import { isServed } from "../../src/trace/device-kinds.ts";
import { writeCpio } from "../assets/cpio.ts";
import { InfrastructureError, UsageError } from "../errors/harness-error.ts";
import { hasMedium, plugCommands } from "../qemu/device.ts";
import { createMedium } from "../qemu/medium.ts";
import { pathBehind } from "../qemu/plug-function.ts";
import { quoteForShell } from "../qemu/quote-for-shell.ts";
import { describeOperation } from "../report/describe-operation.ts";
import { describeToAgent } from "../target/describe-to-agent.ts";
import { describeExpectation } from "./describe-expectation.ts";

/** What is exported. */
export interface Exported {
  readonly plan: Plan;
  readonly summary: string;
  /** Path of the kernel image. */
  readonly kernel: string;
  /** Path of the initramfs that holds the agent. */
  readonly initramfs: string;
  /** Ledger entries that hold for the plan's profile. */
  readonly quirks: ReadonlySet<QuirkName>;
}

/** Milliseconds that the kernel is given to find a function. */
const findLimit = 10_000;
/** Functions are there from the start: no driver of the kernel's may take them. */
const noDrivers = "initcall_blacklist=virtio_pci_driver_init,nvme_init";
const files = { kernel: "bzImage", initramfs: "initramfs.gz", run: "run", operations: "operations" } as const;

/**
 * Writes the folder, which must be empty or not there.
 * @throws {UsageError} where the scenario takes what only this project does; {InfrastructureError} where it cannot be written
 */
export async function exportScenario(exported: Exported, folder: string): Promise<void> {
  const { plan, kernel, initramfs } = exported;
  const reason = findHindrance(plan);
  if (reason !== null) throw new UsageError({ what: `Cannot export scenario "${plan.scenario}": ${reason}` });
  await createEmpty(folder);
  try {
    const operations = describeOperations(exported);
    await copyFile(kernel, join(folder, files.kernel));
    await copyFile(initramfs, join(folder, files.initramfs));
    await chmod(join(folder, files.initramfs), 0o644);
    // The kernel unpacks archives one after the other.
    const member = { path: "replay", kind: "file", mode: 0o444, content: Buffer.from(operations) } as const;
    await appendFile(join(folder, files.initramfs), gzipSync(writeCpio([member])));
    await writeFile(join(folder, files.operations), operations);
    for (const each of plan.functions.filter(hasMedium)) await createMedium(pathBehind(folder, each), each.name);
    await writeFile(join(folder, files.run), describeRun(exported), { mode: 0o755 });
  } catch (cause) {
    throw new InfrastructureError({ what: `Cannot write "${folder}"`, cause });
  }
}

async function createEmpty(folder: string): Promise<void> {
  const there = await mkdir(folder, { recursive: true }).then(
    () => readdir(folder),
    (cause: unknown) => {
      throw new InfrastructureError({ what: `Cannot create "${folder}"`, cause });
    },
  );
  if (there.length === 0) return;
  throw new UsageError({ what: `Cannot export to "${folder}": it is not empty`, remedy: "Name a new folder" });
}

/** Why a plan cannot be performed by the agent alone; null where it can. */
export function findHindrance({ functions, steps }: Plan): string | null {
  const served = functions.find(isServed);
  if (served !== undefined) return `function "${served.name}" (${served.device}) is served by zhil itself`;
  for (const [index, { operation }] of steps.entries()) {
    const what = describeHindrance(operation);
    if (what !== null) return `step ${index + 1} (${operation.op}) ${what}`;
  }
  return null;
}

function describeHindrance({ op, during, answers }: Operation): string | null {
  if (during !== undefined) return "has something done inside it, for which zhil stops the processor";
  if (answers !== undefined) return "is given answers that QEMU does not give, for which zhil stops the processor";
  if (op === "event") return "takes QEMU's gdbstub";
  if (["plug", "unplug", "unplug-request"].includes(op)) return "takes QEMU's monitor";
  return op === "drive" ? "takes a driver of the kernel's, which is kept out here" : null;
}

/** What the agent is to do: requests, and lines that it prints as they are. */
function describeOperations({ plan, summary, quirks }: Exported): string {
  const contract = predict(plan);
  const known = predict(plan, quirks);
  const request = (op: string, fields: object): string => JSON.stringify({ op, ...fields });
  return [
    `# ${plan.scenario}: ${summary}`,
    "#",
    "# Lines with # say what is done and what is expected, the others what came of it. Counters: pages mapped, pages unmapped,",
    "# global RPCITs, RPCITs of maps, RPCITs of unmaps. Memory: the digest (FNV-1a) and the first bytes of pages that changed.",
    "#",
    "# making ready",
    ...plan.functions.map((each) => request("define-function", { ...describeToAgent(each), wait: findLimit })),
    ...plan.buffers.map((each) => request("define-buffer", { buffer: each.name, pages: each.pages })),
    ...plan.steps.flatMap(({ operation }, index) => {
      const { op, ...fields } = operation;
      const [expected, deviating] = [contract[index], known[index]];
      return [
        "#",
        `# ${index + 1}  ${describeOperation(operation)}`,
        ...(expected === undefined || deviating === undefined
          ? []
          : describeExpectation(expected.expectation, deviating.expectation).map((line) => `#    ${line}`)),
        request(op, fields),
      ];
    }),
    "# done",
    "",
  ].join("\n");
}

/** The script: QEMU with the functions plugged in from the start, in the words of its command line. */
function describeRun({ plan }: Exported): string {
  const { kernel, memoryMiB, cpus } = plan.profile;
  const commandLine = [...new Set([...kernel.commandLine.split(" "), ...noDrivers.split(" ")])].join(" ");
  const plugs = plan.functions.flatMap((each) => plugCommands(each, basename(pathBehind("", each))));
  const command = [
    ...["-nodefaults", "-no-user-config", "-display", "none", "-no-reboot", "-serial", "stdio"],
    ...["-machine", "s390-ccw-virtio", "-cpu", "max", "-m", String(memoryMiB), "-smp", String(cpus)],
    ...["-kernel", files.kernel, "-initrd", files.initramfs, "-append", commandLine],
    ...plugs.flatMap((each) => [
      each.execute === "blockdev-add" ? "-blockdev" : "-device",
      JSON.stringify(each.arguments),
    ]),
  ];
  return [
    "#!/bin/sh",
    `# ${plan.scenario}, on Linux ${kernel.version} and QEMU ${plan.profile.qemu.version}. QEMU=program takes another QEMU;`,
    "# replace bzImage for another kernel. What is done is in the file operations, and in the initramfs as /replay;",
    "# the only other file in there is the static program that does it, as the first process.",
    'cd "$(dirname "$0")" || exit 1',
    `exec "\${QEMU:-qemu-system-s390x}" ${quoteForShell(command)}`,
    "",
  ].join("\n");
}
