/** Private keys that a user names. */

/** Why a private key cannot be used, such as that it has a passphrase; null where it can. */
export async function findKeyFault(privateKey: string): Promise<string | null> {
  // Loaded when it is wanted: it takes a while.
  const { default: ssh } = await import("ssh2");
  const parsed = ssh.utils.parseKey(privateKey);
  return parsed instanceof Error ? parsed.message : null;
}
