import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { findMember } from "./agent-program.ts";
import { describeEmulatedHost, makeKeys, packKeys, readKeys } from "./template-keys.ts";

it("keeps keys for their owner alone, and gives the host its own and the public one of ours", async () => {
  const folder = await mkdtemp(join(tmpdir(), "zhil-keys-"));
  try {
    await expect(readKeys(folder)).rejects.toThrow("Cannot read the keys of the template");
    const keys = await makeKeys(folder);
    expect(await readKeys(folder)).toEqual(keys);
    expect((await stat(join(folder, "keys.json"))).mode & 0o777).toBe(0o600);
    const packed = packKeys(keys);
    expect(findMember(packed, "root/.ssh/authorized_keys")?.toString()).toBe(`${keys.client.publicKey}\n`);
    expect(findMember(packed, "etc/dropbear/dropbear_ed25519_host_key")).toHaveLength(83);
    expect(packed.includes(keys.client.privateKey)).toBe(false);
    const host = describeEmulatedHost(keys, 1234);
    expect(host).toMatchObject({ address: "127.0.0.1", port: 1234, user: "root" });
  } finally {
    await rm(folder, { recursive: true });
  }
});
