import { createPublicKey, sign, verify, createPrivateKey } from "node:crypto";
import ssh from "ssh2";
import { expect, it } from "vitest";
import { fingerprintOf, isSameKey, listAlgorithms, parseKnownKey } from "./host-key.ts";
import { makeKeyPair, writeDropbearKey, writeKeyPair } from "./make-key.ts";

const pair = makeKeyPair();

it("reads a key as it is known, with and without a name before and a comment behind", () => {
  const known = parseKnownKey(pair.publicKey);
  expect(known.type).toBe("ssh-ed25519");
  expect(listAlgorithms(known)).toEqual(["ssh-ed25519"]);
  expect(parseKnownKey(`lpar.example ${pair.publicKey} a comment\n`)).toEqual(known);
  expect(isSameKey(known, known.blob)).toBe(true);
  expect(isSameKey(known, parseKnownKey(makeKeyPair().publicKey).blob)).toBe(false);
  expect(isSameKey(known, known.blob.subarray(1))).toBe(false);
});

it("prints fingerprints as ssh-keygen does", () => {
  // The digest of the bytes "key" by sha256sum.
  expect(fingerprintOf(Buffer.from("key"))).toBe("SHA256:LHDhK3oGRvkiefQnx7OOczTY5Tic/xZ6HcMOc/gmtoM");
});

it.each([
  "",
  "ssh-ed25519",
  "ssh-ed25519 AAAA",
  "ssh-dss AAAAB3NzaC1kc3M=",
  `x y ${pair.publicKey}`,
  pair.privateKey,
])("takes %j for no key", (text) => {
  expect(() => parseKnownKey(text)).toThrow("Cannot read the host key");
});

it("takes no key whose kind is another than it says", () => {
  const [, base64 = ""] = pair.publicKey.split(" ");
  expect(() => parseKnownKey(`ssh-rsa ${base64}`)).toThrow("Cannot read the host key");
});

it("writes keys that can be read, whatever byte they begin with", () => {
  for (const first of [0x00, 0x01, 0x7f, 0x80, 0xff]) {
    const [seed, publicBytes] = [Buffer.alloc(32, 7), Buffer.alloc(32, 9)];
    seed[0] = publicBytes[0] = first;
    const { privateKey, publicKey } = writeKeyPair(seed, publicBytes);
    for (const text of [privateKey, publicKey]) {
      const parsed = ssh.utils.parseKey(text);
      if (parsed instanceof Error) throw parsed;
      expect(parsed.getPublicSSH().subarray(-32).equals(publicBytes)).toBe(true);
    }
  }
});

it("writes a key for dropbear that belongs to the public one", () => {
  const bytes = writeDropbearKey(pair);
  expect(bytes.subarray(0, 19).toString("latin1")).toBe("\0\0\0\x0bssh-ed25519\0\0\0\x40");
  const [seed, publicKey] = [bytes.subarray(19, 51), bytes.subarray(51)];
  expect(parseKnownKey(pair.publicKey).blob.subarray(-32).equals(publicKey)).toBe(true);
  const x = publicKey.toString("base64url");
  const jwk = { kty: "OKP", crv: "Ed25519", x };
  const made = sign(
    null,
    Buffer.from("m"),
    createPrivateKey({ key: { ...jwk, d: seed.toString("base64url") }, format: "jwk" }),
  );
  expect(verify(null, Buffer.from("m"), createPublicKey({ key: jwk, format: "jwk" }), made)).toBe(true);
});
