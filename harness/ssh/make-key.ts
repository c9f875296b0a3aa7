/** Keys that are made for one purpose: for an emulated host that has no other and lets in no other. */
import { createPrivateKey, generateKeyPairSync, randomBytes } from "node:crypto";
import ssh from "ssh2";
import { InfrastructureError } from "../errors/harness-error.ts";

/** A pair of ed25519 keys as OpenSSH writes them. */
export interface KeyPair {
  readonly privateKey: string;
  /** `ssh-ed25519 AAAA…`, one line. */
  readonly publicKey: string;
}

const type = "ssh-ed25519";
/** Characters of a line of a private key's file. */
const lineLength = 70;

/** Makes a pair. */
export function makeKeyPair(): KeyPair {
  const { d = "", x = "" } = generateKeyPairSync("ed25519").privateKey.export({ format: "jwk" });
  return writeKeyPair(Buffer.from(d, "base64url"), Buffer.from(x, "base64url"));
}

/**
 * A pair of its 32 bytes each (OpenSSH's PROTOCOL.key). Written here because ssh2's own generator takes a zero that a key begins with
 * for padding (lib/keygen.js): one in 256 cannot be read.
 */
export function writeKeyPair(seed: Buffer, publicBytes: Buffer): KeyPair {
  const blob = Buffer.concat([writeString(type), writeString(publicBytes)]);
  const check = randomBytes(4);
  const own = [check, check, writeString(type), writeString(publicBytes)];
  const unpadded = Buffer.concat([...own, writeString(Buffer.concat([seed, publicBytes])), writeString("")]);
  const padding = Buffer.from([1, 2, 3, 4, 5, 6, 7]).subarray(0, (8 - (unpadded.length % 8)) % 8);
  const whole = Buffer.concat([
    Buffer.from("openssh-key-v1\0"),
    ...[writeString("none"), writeString("none"), writeString(""), Buffer.from([0, 0, 0, 1])],
    ...[writeString(blob), writeString(Buffer.concat([unpadded, padding]))],
  ]).toString("base64");
  const lines = whole.match(new RegExp(`.{1,${lineLength}}`, "gu")) ?? [];
  const name = "OPENSSH PRIVATE KEY";
  return {
    privateKey: [`-----BEGIN ${name}-----`, ...lines, `-----END ${name}-----`, ""].join("\n"),
    publicKey: `${type} ${blob.toString("base64")}`,
  };
}

/**
 * A private key as dropbear keeps it: the kind, then seed and public key in one (signkey.c, ed25519.c: buf_put_ed25519_priv_key).
 * @throws {InfrastructureError} where it is no ed25519 key
 */
export function writeDropbearKey({ privateKey }: Pick<KeyPair, "privateKey">): Buffer {
  const parsed = ssh.utils.parseKey(privateKey);
  if (parsed instanceof Error || parsed.type !== type) {
    throw new InfrastructureError({ what: "Cannot write a key for dropbear: it is no ed25519 key" });
  }
  const { d = "", x = "" } = createPrivateKey(parsed.getPrivatePEM()).export({ format: "jwk" });
  const both = Buffer.concat([Buffer.from(d, "base64url"), Buffer.from(x, "base64url")]);
  return Buffer.concat([writeString(parsed.type), writeString(both)]);
}

/** A string as SSH writes it: length, then bytes. */
function writeString(content: string | Buffer): Buffer {
  const bytes = Buffer.from(content);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}
