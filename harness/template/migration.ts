/**
 * A machine's state, out into a file and in again, with every QEMU from 7.2 on.
 *
 * What QEMU offers decides the way: its list of capabilities whether RAM can be left to a file (`x-ignore-shared`, since
 * 4.0), its version whether it writes and reads the state's file itself (`file:`, since 8.2, which no list of
 * capabilities tells). An older one sends the state through a socket, and it is written and read here.
 */
import { once } from "node:events";
import { createReadStream, createWriteStream } from "node:fs";
import { createConnection } from "node:net";
import { join } from "node:path";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import * as z from "zod";
import { isAtLeast } from "../../src/zpci/version.ts";
import { InfrastructureError } from "../errors/harness-error.ts";
import { acceptOne } from "../qemu/accept-one.ts";
import type { StartedQemu } from "../qemu/started-qemu.ts";
import { withLimit } from "../wait/with-limit.ts";

/**
 * Where a frozen machine's RAM is: in a file of its own, which clones map copy-on-write, or in the state, which every
 * clone reads.
 */
export type MemoryPlace = "file" | "state";

/** How the state travels between QEMU and its file. */
export type Transport = "file" | "socket";

/** A machine that can be asked to save or to load. */
export type MigratingMachine = Pick<StartedQemu, "qmp" | "version" | "folder">;

/** What is to be saved or loaded, and how. */
export interface Migration {
  readonly memory: MemoryPlace;
  readonly transport: Transport;
  /** File of the state. */
  readonly path: string;
  /** Most bytes that a state may have. */
  readonly bytes: number;
  /** Milliseconds, before ZHIL_TIME_SCALE. */
  readonly limit: number;
}

/** First release that migrates to and from a `file:`. */
const fileSince = "8.2";
/** Name of the socket that a state goes through. */
const stateSocket = "state.sock";
/** Capability that leaves RAM out which is in a file and shared. */
const ignoreShared = "x-ignore-shared";

const capabilitiesSchema = z.array(z.object({ capability: z.string(), state: z.boolean() }));

/** How a QEMU's state travels. */
export const chooseTransport = (version: string): Transport => (isAtLeast(version, fileSince) ? "file" : "socket");

/** Whether a machine can leave its RAM to a file. */
export async function canIgnoreShared({ qmp }: MigratingMachine, signal: AbortSignal): Promise<boolean> {
  const offered = capabilitiesSchema.parse(await qmp.execute("query-migrate-capabilities", {}, signal));
  return offered.some(({ capability }) => capability === ignoreShared);
}

/**
 * Writes a stopped machine's state.
 * @throws {HarnessError} where QEMU cannot, or the state is larger than it may be
 */
export async function saveState(machine: MigratingMachine, migration: Migration, signal: AbortSignal): Promise<void> {
  await setCapabilities(machine, migration.memory, signal);
  const saved = waitForCompletion(machine, "write its state", migration, signal);
  if (migration.transport === "file") {
    await Promise.all([saved, machine.qmp.execute("migrate", { uri: `file:${migration.path}` }, signal)]);
    return;
  }
  const socket = join(machine.folder, stateSocket);
  await using acceptor = await acceptOne(socket);
  const wait = { what: "the state's end", limit: migration.limit, signal };
  const written = withLimit(wait, async (either) =>
    pipeline(
      await acceptor.connection,
      boundBytes(migration.bytes),
      createWriteStream(migration.path, { mode: 0o600 }),
      { signal: either },
    ),
  );
  await Promise.all([written, saved, machine.qmp.execute("migrate", { uri: `unix:${socket}` }, signal)]);
}

/**
 * Loads a state into a machine that waits for one and stays stopped: the state was written by a stopped machine, and a
 * "cont" that comes before it is all there is lost.
 * @throws {HarnessError} where QEMU cannot
 */
export async function loadState(machine: MigratingMachine, migration: Migration, signal: AbortSignal): Promise<void> {
  await setCapabilities(machine, migration.memory, signal);
  const loaded = waitForCompletion(machine, "load the state", migration, signal);
  if (migration.transport === "file") {
    await Promise.all([loaded, machine.qmp.execute("migrate-incoming", { uri: `file:${migration.path}` }, signal)]);
    return;
  }
  loaded.catch(() => undefined);
  const path = join(machine.folder, stateSocket);
  // When it has answered, it listens.
  await machine.qmp.execute("migrate-incoming", { uri: `unix:${path}` }, signal);
  const socket = createConnection(path);
  // What goes wrong here, QEMU sees as a state that is cut short, and says so better.
  const sent = once(socket, "connect").then(() => pipeline(createReadStream(migration.path), socket));
  sent.catch(() => undefined);
  try {
    await loaded;
  } finally {
    socket.destroy();
  }
}

/** Sets what both ends must agree on, and has QEMU say by events how far it is. */
async function setCapabilities({ qmp }: MigratingMachine, memory: MemoryPlace, signal: AbortSignal): Promise<void> {
  const names = [...(memory === "file" ? [ignoreShared] : []), "events"];
  const capabilities = names.map((capability) => ({ capability, state: true }));
  await qmp.execute("migrate-set-capabilities", { capabilities }, signal);
}

/** Waits until a migration has ended well. Call it before the migration begins. */
async function waitForCompletion(
  { qmp }: MigratingMachine,
  purpose: string,
  { limit }: Migration,
  signal: AbortSignal,
): Promise<void> {
  const ends: readonly unknown[] = ["completed", "failed"];
  const { data } = await qmp.waitForEvent(["MIGRATION"], {
    limit,
    signal,
    where: (event) => ends.includes(event.data["status"]),
  });
  if (data["status"] !== "completed") throw new InfrastructureError({ what: `QEMU could not ${purpose}` });
}

/** Lets so many bytes through, and fails at the next. */
function boundBytes(limit: number): Transform {
  let bytes = 0;
  return new Transform({
    transform: (chunk: Buffer, _, done) => {
      bytes += chunk.length;
      if (bytes <= limit) done(null, chunk);
      else done(new InfrastructureError({ what: `Cannot keep the state: it has more than ${limit} bytes` }));
    },
  });
}
