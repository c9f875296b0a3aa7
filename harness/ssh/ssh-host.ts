/** A host as it is reached: an emulated one and a real one alike. */
import type { KnownKey } from "./host-key.ts";

/** How a host is reached, and how it and we are known. */
export interface SshHost {
  readonly address: string;
  readonly port: number;
  readonly user: string;
  /** The one key that the host may have. */
  readonly hostKey: KnownKey;
  /** Ours: a private key as OpenSSH writes it, without a passphrase; or the socket of an agent that has it. */
  readonly identity: { readonly privateKey: string } | { readonly agent: string };
}

/** Limits in milliseconds, before ZHIL_TIME_SCALE. */
export interface SshLimits {
  /** For the connection, keys exchanged and we let in. */
  readonly connect: number;
  /** For a channel to be opened. */
  readonly open: number;
}

/** The usual limits. */
export const usualSshLimits: SshLimits = { connect: 20_000, open: 10_000 };

/** A host in words. */
export const describeHost = ({ address, port, user }: SshHost): string => `"${user}@${address}" port ${port}`;
