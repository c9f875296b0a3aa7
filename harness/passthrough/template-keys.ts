/** The keys of an emulated host: made for its template, kept beside it, known to nobody else. */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod";
import { writeCpio } from "../assets/cpio.ts";
import { InfrastructureError } from "../errors/harness-error.ts";
import { parseKnownKey } from "../ssh/host-key.ts";
import { makeKeyPair, writeDropbearKey, type KeyPair } from "../ssh/make-key.ts";
import type { SshHost } from "../ssh/ssh-host.ts";

const keysFile = "keys.json";
const pairSchema = z.object({ privateKey: z.string(), publicKey: z.string() });
const keysSchema = z.object({ host: pairSchema, client: pairSchema });

/** The host's key and ours. */
export interface TemplateKeys {
  readonly host: KeyPair;
  readonly client: KeyPair;
}

/** Makes keys, and keeps them in a template's folder for whoever owns it. */
export async function makeKeys(folder: string): Promise<TemplateKeys> {
  const keys = { host: makeKeyPair(), client: makeKeyPair() };
  await writeFile(join(folder, keysFile), JSON.stringify(keys), { mode: 0o600 });
  return keys;
}

/**
 * The keys of a template.
 * @throws {InfrastructureError} where they are not there any more
 */
export async function readKeys(folder: string): Promise<TemplateKeys> {
  try {
    return keysSchema.parse(JSON.parse(await readFile(join(folder, keysFile), "utf8")));
  } catch (cause) {
    throw new InfrastructureError({ what: `Cannot read the keys of the template in "${folder}"`, cause });
  }
}

/** What a host's root gets on top, for it to have its key and to let ours in: an archive that the kernel unpacks as well. */
export const packKeys = ({ host, client }: TemplateKeys): Buffer =>
  writeCpio([
    {
      ...{ path: "etc/dropbear/dropbear_ed25519_host_key", kind: "file", mode: 0o600 },
      content: writeDropbearKey(host),
    },
    { path: "root/.ssh/authorized_keys", kind: "file", mode: 0o600, content: Buffer.from(`${client.publicKey}\n`) },
  ]);

/** How the host with these keys is reached at a port of this machine. */
export const describeEmulatedHost = ({ host, client }: TemplateKeys, port: number): SshHost => ({
  ...{ address: "127.0.0.1", port, user: "root" },
  hostKey: parseKnownKey(host.publicKey),
  identity: { privateKey: client.privateKey },
});
