/**
 * Exports a scenario as a folder that needs nothing of this project: a kernel, an initramfs with one static program and what
 * it is to do, media, and a script that starts QEMU. What a mailing list is sent.
 */
import { copyFile, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import type { QuirkName } from "../../src/model/quirks.ts";
import type { Plan } from "../../src/plan/plan.ts";
import { writeCpio } from "../assets/cpio.ts";
import { projectRoot } from "../assets/project-root.ts";
import { InfrastructureError, UsageError } from "../errors/harness-error.ts";
import { onHost } from "../passthrough/pass-function.ts";
import { hasMedium } from "../qemu/device.ts";
import { createMedium } from "../qemu/medium.ts";
import { pathBehind } from "../qemu/plug-function.ts";
import { describeMachine } from "./describe-machine.ts";
import { describeOperations } from "./describe-operations.ts";
import { findHindrance, needsDebugger } from "./find-hindrance.ts";
import { writeHost, type ExportedHost } from "./write-host.ts";

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
  /** The host that passes the plan's functions through to a guest, where there is one. */
  readonly host?: ExportedHost;
}

const files = { kernel: "bzImage", initramfs: "initramfs.gz", operations: "operations" } as const;
/** Where what a debugger does is written, and its files. */
const debuggerFolder = join(projectRoot, "guests/replay");
const debuggerFiles = ["run", "answers.py", "guest.py"] as const;

/**
 * Writes the folder, which must be empty or not there.
 * @throws {UsageError} where the scenario takes what only this project does; {InfrastructureError} where it cannot be written
 */
export async function exportScenario(exported: Exported, folder: string): Promise<void> {
  const { plan, summary, quirks, kernel, initramfs, host } = exported;
  const reason = findHindrance(plan);
  if (reason !== null) throw new UsageError({ what: `Cannot export scenario "${plan.scenario}": ${reason}` });
  await createEmpty(folder);
  try {
    const operations = describeOperations(plan, summary, quirks);
    await writeFile(join(folder, files.operations), operations);
    // The kernel unpacks archives one after the other.
    const member = { path: "replay", kind: "file", mode: 0o444, content: Buffer.from(operations) } as const;
    const packed = Buffer.concat([await readFile(initramfs), gzipSync(writeCpio([member]))]);
    const emulated = host === undefined ? plan.functions : plan.functions.map(onHost);
    for (const each of emulated.filter(hasMedium)) await createMedium(pathBehind(folder, each), each.name);
    if (host === undefined) await writeMachine(folder, plan, kernel, packed);
    else await writeHost(folder, plan, host, { kernel, initramfs: packed });
  } catch (cause) {
    throw new InfrastructureError({ what: `Cannot write "${folder}"`, cause });
  }
}

async function writeMachine(folder: string, plan: Plan, kernel: string, initramfs: Buffer): Promise<void> {
  await copyFile(kernel, join(folder, files.kernel));
  await writeFile(join(folder, files.initramfs), initramfs);
  const needsGdb = needsDebugger(plan);
  await writeFile(join(folder, needsGdb ? "machine" : "run"), describeMachine(plan, files), { mode: 0o755 });
  if (!needsGdb) return;
  for (const each of debuggerFiles) await copyFile(join(debuggerFolder, each), join(folder, each));
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
