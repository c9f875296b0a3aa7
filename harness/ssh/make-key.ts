/** Keys that are made for one purpose: for a template, whose host has no other and lets in no other. */
import { createPrivateKey } from "node:crypto";
import ssh from "ssh2";
import { InfrastructureError } from "../errors/harness-error.ts";

/** A pair of ed25519 keys as OpenSSH writes them. */
export interface KeyPair {
  readonly privateKey: string;
  /** `ssh-ed25519 AAAA…`, one line. */
  readonly publicKey: string;
}

/** Makes a pair. */
export function makeKeyPair(): KeyPair {
  const { private: privateKey, public: publicKey } = ssh.utils.generateKeyPairSync("ed25519");
  return { privateKey, publicKey };
}

/**
 * A private key as dropbear keeps it: the kind, then seed and public key in one (signkey.c, ed25519.c: buf_put_ed25519_priv_key).
 * @throws {InfrastructureError} where it is no ed25519 key
 */
export function writeDropbearKey({ privateKey }: Pick<KeyPair, "privateKey">): Buffer {
  const parsed = ssh.utils.parseKey(privateKey);
  if (parsed instanceof Error || parsed.type !== "ssh-ed25519") {
    throw new InfrastructureError({ what: "Cannot write a key for dropbear: it is no ed25519 key" });
  }
  const { d = "", x = "" } = createPrivateKey(parsed.getPrivatePEM()).export({ format: "jwk" });
  const both = Buffer.concat([Buffer.from(d, "base64url"), Buffer.from(x, "base64url")]);
  return Buffer.concat([writeString(Buffer.from(parsed.type)), writeString(both)]);
}

/** A string as SSH writes it: length, then bytes. */
function writeString(bytes: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}
