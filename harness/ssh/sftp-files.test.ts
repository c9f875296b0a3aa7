import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { startFakeSshHost, type FakeBehaviour, type FakeSshHost } from "../testing/fake-ssh-host.ts";
import type { SftpFiles } from "./sftp-files.ts";
import { SshClient } from "./ssh-client.ts";

const { signal } = new AbortController();
const options = { mode: 0o600, limit: 5_000, signal };
const size = 300_000;

let folder: string;
let local: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "zhil-sftp-"));
  local = join(folder, "file");
  await writeFile(local, Buffer.alloc(size, 7));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function withFiles(
  behaviour: FakeBehaviour,
  test: (files: SftpFiles, fake: FakeSshHost) => Promise<void>,
): Promise<void> {
  await using fake = await startFakeSshHost(behaviour);
  using client = await SshClient.connect(fake.host, signal);
  using files = await client.files(signal);
  await test(files, fake);
}

it("sends files and bytes, in the place of what is there", async () => {
  await withFiles({}, async (files, fake) => {
    fake.files.set("/tmp/a", Buffer.from("old"));
    await files.send(local, "/tmp/a", options);
    await files.write("/tmp/b", "text", options);
    expect([...fake.files.keys()].sort()).toEqual(["/tmp/a", "/tmp/b"]);
    expect(fake.files.get("/tmp/a")?.equals(Buffer.alloc(size, 7))).toBe(true);
    expect(fake.files.get("/tmp/b")?.toString()).toBe("text");
  });
});

it("removes files, and does not mind those that are not there", async () => {
  await withFiles({}, async (files, fake) => {
    fake.files.set("/tmp/a", Buffer.from("old"));
    await files.remove("/tmp/a", options);
    await files.remove("/tmp/a", options);
    expect(fake.files.size).toBe(0);
  });
});

it("makes a folder once, and none in a file's place", async () => {
  await withFiles({}, async (files, fake) => {
    await files.makeFolder("/run/zhil", options);
    await files.makeFolder("/run/zhil", options);
    fake.files.set("/run/file", Buffer.from("text"));
    await expect(files.makeFolder("/run/file", options)).rejects.toThrow('Cannot make the folder "/run/file"');
  });
});

it("leaves nothing of a file that a full disk does not take, and what was there", async () => {
  await withFiles({ onWrite: (before) => before < 100_000 }, async (files, fake) => {
    fake.files.set("/tmp/a", Buffer.from("old"));
    await expect(files.send(local, "/tmp/a", options)).rejects.toThrow(
      'Cannot send "/tmp/a" on the host: No space left on device',
    );
    await expect.poll(() => [...fake.files.keys()]).toEqual(["/tmp/a"]);
    expect(fake.files.get("/tmp/a")?.toString()).toBe("old");
  });
});

it("says that the connection ended while a file was sent", async () => {
  const onWrite: FakeBehaviour["onWrite"] = (before, connection) => {
    if (before > 0) connection.end();
    return true;
  };
  await withFiles({ onWrite }, async (files, fake) => {
    await expect(files.send(local, "/tmp/a", options)).rejects.toThrow(
      /the connection ended|No response from server/u,
    );
    expect(fake.files.has("/tmp/a")).toBe(false);
  });
});

it("says so where the host has no SFTP", async () => {
  await using fake = await startFakeSshHost({ sftp: false });
  using client = await SshClient.connect(fake.host, signal);
  await expect(client.files(signal)).rejects.toThrow(/^Cannot use SFTP on host "tester@/u);
});
