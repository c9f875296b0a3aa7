/** Where a queue is, as `--queue` takes it. */
import { UsageError } from "../errors/harness-error.ts";

/** Where a server of queues listens, and who asks. */
export interface QueueAddress {
  readonly host?: string;
  readonly port?: number;
  /** Path of a Unix socket, in place of host and port. */
  readonly path?: string;
  readonly username?: string;
  readonly password?: string;
  readonly db: number;
  readonly tls?: object;
  /** The address without what is secret. */
  readonly shown: string;
}

const usualPort = 6379;
const remedy = "Write redis://HOST:PORT, rediss:// for TLS, or unix:/PATH of a socket";

/**
 * Reads an address: `redis://user:password@host:6379/0`, `rediss://…` for TLS, or `unix:/path/of/socket`.
 * @throws {UsageError} where it is none
 */
export function parseQueueAddress(text: string): QueueAddress {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null) throw new UsageError({ what: "Cannot read the queue's address: it is no URL", remedy });
  const shown = `${url.protocol}//${url.host}${url.pathname}`;
  if (url.protocol === "unix:") {
    const path = decodeURIComponent(url.pathname);
    if (url.host !== "" || !path.startsWith("/") || path === "/") {
      throw new UsageError({ what: `Cannot read the queue's address "${text}": no path of a socket`, remedy });
    }
    return { path, db: 0, shown: `unix:${path}` };
  }
  const db = /^\/?(\d{0,4})$/u.exec(url.pathname)?.[1];
  if ((url.protocol !== "redis:" && url.protocol !== "rediss:") || url.hostname === "" || db === undefined) {
    throw new UsageError({ what: `Cannot read the queue's address "${shown}": no server of queues`, remedy });
  }
  return {
    // A v6 address has brackets in a URL, and nowhere else.
    ...{ host: url.hostname.replace(/^\[|\]$/gu, ""), port: url.port === "" ? usualPort : Number(url.port) },
    ...{ db: Number(db), shown },
    ...(url.username === "" ? {} : { username: decodeURIComponent(url.username) }),
    ...(url.password === "" ? {} : { password: decodeURIComponent(url.password) }),
    ...(url.protocol === "rediss:" ? { tls: {} } : {}),
  };
}
