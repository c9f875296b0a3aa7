/** What a configuration says of a real host: how it is reached, and which of its functions may be used. */
import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { resolve } from "node:path";
import * as z from "zod";
import { UsageError } from "../errors/harness-error.ts";
import { findKeyFault } from "../ssh/find-key-fault.ts";
import { parseKnownKey } from "../ssh/host-key.ts";
import type { SshHost } from "../ssh/ssh-host.ts";

/** What speaks against the use of a function, as `guests/lpar/examine` says it. */
export const uses = ["mounted", "swap", "held", "address", "open"] as const;

const path = z.string().regex(/^\/[\w./-]+$/u, "expected an absolute path of letters, digits, dots and dashes");

const functionSchema = z.strictObject({
  fid: z.string().regex(/^0x[0-9a-f]{1,8}$/iu, 'expected a FID such as "0x00000220"'),
  device: z.enum(["nvme", "virtio-rng"]),
  overwrite: z.boolean().default(false),
  despite: z.array(z.enum(uses)).default([]),
});

/** The part `lpar` of a `zhil.config.ts`, checked; `define-config.ts` says what each field means. */
export const hostSchema = z.strictObject({
  address: z.string().regex(/^[\w.:-]+$/u, "expected a name or an address"),
  port: z.int().min(1).max(65_535).default(22),
  user: z.string().regex(/^[\w.-]+$/u, "expected a user's name"),
  key: z.string().min(1).optional(),
  hostKey: z.string().min(1),
  functions: z
    .array(functionSchema)
    .min(1)
    .max(16)
    .refine((all) => new Set(all.map(({ fid }) => Number(fid))).size === all.length, "expected no FID twice"),
  sudo: z.boolean().default(false),
  folder: path.default("/var/tmp/zhil"),
  qemu: path.default("/usr/bin/qemu-system-s390x"),
});

/** How a host is reached and used. */
export type HostConfig = z.output<typeof hostSchema>;

/** A host, as it is reached and as it may be used. */
export interface RealHost {
  readonly host: SshHost;
  readonly config: HostConfig;
  /** Options of `zhil run` that lead to it, beside its bench. */
  readonly options: readonly string[];
}

/** A function that may be used. */
export type UsableFunction = HostConfig["functions"][number];

/**
 * How the host is reached, with its key and ours.
 * @throws {UsageError} where the host's key cannot be read, or there is neither a key of ours nor an agent
 */
export async function locateRealHost(
  config: Pick<HostConfig, "address" | "port" | "user" | "key" | "hostKey">,
  folder: string,
  agent: string | null,
): Promise<SshHost> {
  const { address, port, user, key, hostKey } = config;
  const located = { address, port, user, hostKey: parseKnownKey(hostKey) };
  if (key !== undefined) {
    const file = resolve(folder, key.replace(/^~(?=\/)/u, homedir()));
    const privateKey = await readFile(file, "utf8").catch((cause: unknown) => {
      throw new UsageError({ what: `Cannot read the key "${file}"`, remedy: 'Name another one as "key"', cause });
    });
    const fault = await findKeyFault(privateKey);
    if (fault === null) return { ...located, identity: { privateKey } };
    throw new UsageError({
      what: `Cannot use the key "${file}": ${fault}`,
      remedy: 'Add it to ssh-agent and name no "key", or name a private key that has no passphrase',
    });
  }
  if (agent !== null) return { ...located, identity: { agent } };
  throw new UsageError({
    what: `Cannot prove who we are to "${address}": the configuration names no key, and SSH_AUTH_SOCK no agent`,
    remedy: 'Name a private key as "key", or start ssh-agent and add one',
  });
}

/** A FID as sysfs has it. */
export const spellFid = (fid: number): string => `0x${fid.toString(16).padStart(8, "0")}`;
