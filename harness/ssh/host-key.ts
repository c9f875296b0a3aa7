/** Host keys: a host is who it says it is where its key is the one that is known of it, and nobody else ever. */
import { createHash, timingSafeEqual } from "node:crypto";
import { UsageError } from "../errors/harness-error.ts";

/** The key that is known of a host. */
export interface KnownKey {
  /** Its kind, such as `ssh-ed25519`: no other is negotiated. */
  readonly type: string;
  /** The key as SSH sends it. */
  readonly blob: Buffer;
}

/** Kinds that a key may be of, and the names that algorithms with it have. */
const algorithmsOf = {
  "ssh-ed25519": ["ssh-ed25519"],
  "ecdsa-sha2-nistp256": ["ecdsa-sha2-nistp256"],
  "ecdsa-sha2-nistp384": ["ecdsa-sha2-nistp384"],
  "ecdsa-sha2-nistp521": ["ecdsa-sha2-nistp521"],
  "ssh-rsa": ["rsa-sha2-512", "rsa-sha2-256"],
} as const;

/** Name of an algorithm that a host may prove its key by. */
export type HostKeyAlgorithm = (typeof algorithmsOf)[keyof typeof algorithmsOf][number];

/**
 * Reads a key as `/etc/ssh/ssh_host_ed25519_key.pub`, `ssh-keyscan` and known_hosts have it: kind, base64, and maybe a comment.
 * @throws {UsageError} where it is none
 */
export function parseKnownKey(text: string): KnownKey {
  const words = text.trim().split(/\s+/u);
  // known_hosts and ssh-keyscan have the host's name in front.
  const at = words.findIndex((word) => word in algorithmsOf);
  const [type = "", base64 = ""] = at < 0 || at > 1 ? [] : words.slice(at);
  const blob = Buffer.from(base64, "base64");
  // The key itself begins with its kind, too.
  if (type !== "" && blob.length > 4 + type.length) {
    const length = blob.readUInt32BE(0);
    if (blob.subarray(4, 4 + length).toString("latin1") === type) return { type, blob };
  }
  throw new UsageError({
    what: `Cannot read the host key ${JSON.stringify(text.trim().slice(0, 80))}`,
    remedy: 'Give it as "ssh-keyscan -t ed25519 HOST" prints it, after comparing it with the host\'s own',
  });
}

/** Algorithms that prove a key. */
export const listAlgorithms = ({ type }: KnownKey): readonly HostKeyAlgorithm[] =>
  algorithmsOf[type as keyof typeof algorithmsOf];

/** Whether a host's key is the one that is known. */
export const isSameKey = ({ blob }: KnownKey, presented: Buffer): boolean =>
  presented.length === blob.length && timingSafeEqual(presented, blob);

/** A key as people compare it: `SHA256:…`, as ssh-keygen prints it. */
export const fingerprintOf = (blob: Buffer): string =>
  `SHA256:${createHash("sha256").update(blob).digest("base64").replace(/=+$/u, "")}`;
