import { homedir } from "node:os";
import { join } from "node:path";
import ssh from "ssh2";
import { expect, it } from "vitest";
import { makeKeyPair } from "../ssh/make-key.ts";
import { temporaryFolder } from "../testing/scenario-files.ts";
import { locateRealHost } from "./host-config.ts";

const pair = makeKeyPair();
const config = { address: "lpar.example", port: 22, user: "root", hostKey: pair.publicKey };

it("takes a private key from a file beside the configuration", async () => {
  await using folder = await temporaryFolder({ key: pair.privateKey });
  const { identity } = await locateRealHost({ ...config, key: "key" }, folder.path, null);
  expect(identity).toEqual({ privateKey: pair.privateKey });
});

it("says what to do with a key that has a passphrase", async () => {
  const { private: key } = ssh.utils.generateKeyPairSync("ed25519", {
    passphrase: "secret",
    cipher: "aes256-ctr",
    rounds: 16,
  });
  await using folder = await temporaryFolder({ key });
  const located = locateRealHost({ ...config, key: "key" }, folder.path, null);
  await expect(located).rejects.toThrow(/Cannot use the key .*passphrase/u);
  await expect(located).rejects.toMatchObject({ remedy: expect.stringContaining("ssh-agent") as unknown });
});

it("looks for ~ where the user is at home", async () => {
  const located = locateRealHost({ ...config, key: "~/.no-such-key-of-zhil" }, "/nowhere", null);
  await expect(located).rejects.toThrow(join(homedir(), ".no-such-key-of-zhil"));
});
