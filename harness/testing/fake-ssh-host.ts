/** An SSH server in this process, in the place of a host: keeps files in memory, and does what a test has it do. */
import { createServer, type Socket } from "node:net";
import { once } from "node:events";
import ssh, { type AuthContext, type Connection, type ServerChannel, type SFTPWrapper } from "ssh2";
import { parseKnownKey } from "../ssh/host-key.ts";
import { makeKeyPair, type KeyPair } from "../ssh/make-key.ts";
import type { SshHost } from "../ssh/ssh-host.ts";
import { listenOnLoopback } from "./listen-on-loopback.ts";

const { OPEN_MODE, STATUS_CODE } = ssh.utils.sftp;

/** What a fake host does other than a good one. */
export interface FakeBehaviour {
  /** Told of every connection before SSH begins on it: to end it, or let it hang. True keeps SSH from it. */
  onConnection?: (socket: Socket) => boolean;
  /** What a command does; one that is not given ends with 0 and says its own line. */
  onCommand?: (line: string, channel: ServerChannel, connection: Connection) => void;
  /** What a socket does that is connected to; null refuses. */
  onSocket?: (path: string) => ((channel: ServerChannel, connection: Connection) => void) | null;
  /** What becomes of a write to a file: true does it. */
  onWrite?: (bytesBefore: number, connection: Connection) => boolean;
  /** Where its files are kept: in memory where absent. */
  files?: Map<string, Buffer>;
  /** Whether it has SFTP. */
  sftp?: boolean;
  /** Whether it keeps its word on opening a channel; it says nothing at all where false. */
  answersChannels?: boolean;
}

/** A fake host that runs. */
export interface FakeSshHost extends AsyncDisposable {
  readonly host: SshHost;
  readonly client: KeyPair;
  readonly files: Map<string, Buffer>;
  /** Ways of identification that were tried, in order. */
  readonly tried: string[];
  /** How many connections are open. */
  connections(): number;
}

/** Starts one on a port of its own. */
export async function startFakeSshHost(behaviour: FakeBehaviour = {}): Promise<FakeSshHost> {
  const [hostKey, client] = [makeKeyPair(), makeKeyPair()];
  const files = behaviour.files ?? new Map<string, Buffer>();
  const tried: string[] = [];
  const sockets = new Set<Socket>();
  const allowed = ssh.utils.parseKey(client.publicKey);
  if (allowed instanceof Error) throw allowed;
  /** Whether it is the key that is let in; at first it is only asked for, and nothing is signed. */
  const proves = (context: AuthContext): boolean => {
    if (context.method !== "publickey" || !context.key.data.equals(allowed.getPublicSSH())) return false;
    if (context.signature === undefined) return true;
    // The types keep from us that it may also be an error.
    return String(allowed.verify(context.blob!, context.signature, context.hashAlgo)) === "true";
  };
  const server = new ssh.Server({ hostKeys: [hostKey.privateKey] }, (connection) => {
    connection.on("error", () => undefined);
    connection.on("authentication", (context: AuthContext) => {
      tried.push(context.method);
      if (proves(context)) context.accept();
      else context.reject(["publickey"]);
    });
    connection.on("session", (accept) => {
      if (behaviour.answersChannels === false) return;
      const session = accept();
      session.on("exec", (acceptExec, _, { command }) => {
        const channel = acceptExec();
        const { onCommand = echo } = behaviour;
        onCommand(command, channel, connection);
      });
      session.on("sftp", (acceptSftp, rejectSftp) => {
        if (behaviour.sftp === false) rejectSftp();
        else serveFiles(acceptSftp(), files, (before) => behaviour.onWrite?.(before, connection) ?? true);
      });
    });
    connection.on("openssh.streamlocal", (accept, reject, { socketPath }) => {
      const serve = behaviour.onSocket?.(socketPath) ?? null;
      if (serve === null) reject();
      else serve(accept(), connection);
    });
  });
  const listener = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    socket.on("close", () => sockets.delete(socket));
    // One that nobody reads from would not notice its end.
    if (behaviour.onConnection?.(socket) === true) socket.resume();
    else server.injectSocket(socket);
  });
  const port = await listenOnLoopback(listener);
  return {
    ...{ client, files, tried },
    host: {
      ...{ address: "127.0.0.1", port, user: "tester" },
      hostKey: parseKnownKey(hostKey.publicKey),
      identity: { privateKey: client.privateKey },
    },
    connections: () => sockets.size,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      listener.close();
      await once(listener, "close");
    },
  };
}

const echo: NonNullable<FakeBehaviour["onCommand"]> = (line, channel) => {
  channel.write(line);
  channel.exit(0);
  channel.end();
};

/** SFTP over files in memory: as much of it as is used. */
function serveFiles(sftp: SFTPWrapper, files: Map<string, Buffer>, mayWrite: (before: number) => boolean): void {
  const name = (handle: Buffer): string => handle.toString("utf8");
  sftp.on("OPEN", (id, path, flags) => {
    if ((flags & OPEN_MODE.EXCL) !== 0 && files.has(path)) {
      sftp.status(id, STATUS_CODE.FAILURE);
      return;
    }
    files.set(path, Buffer.alloc(0));
    sftp.handle(id, Buffer.from(path));
  });
  sftp.on("WRITE", (id, handle, offset, data) => {
    const before = files.get(name(handle)) ?? Buffer.alloc(0);
    if (!mayWrite(before.length)) {
      sftp.status(id, STATUS_CODE.FAILURE, "No space left on device");
      return;
    }
    const after = Buffer.alloc(Math.max(before.length, offset + data.length));
    before.copy(after);
    data.copy(after, offset);
    files.set(name(handle), after);
    sftp.status(id, STATUS_CODE.OK);
  });
  const status = (path: string, id: number): void => {
    const found = files.get(path);
    if (found === undefined) sftp.status(id, STATUS_CODE.NO_SUCH_FILE);
    else
      sftp.attrs(id, {
        mode: found.equals(Buffer.from("folder")) ? 0o40700 : 0o100600,
        uid: 0,
        gid: 0,
        size: found.length,
        atime: 0,
        mtime: 0,
      });
  };
  sftp.on("FSETSTAT", (id) => {
    sftp.status(id, STATUS_CODE.OK);
  });
  sftp.on("SETSTAT", (id) => {
    sftp.status(id, STATUS_CODE.OK);
  });
  sftp.on("FSTAT", (id, handle) => {
    status(name(handle), id);
  });
  sftp.on("STAT", (id, path) => {
    status(path, id);
  });
  sftp.on("CLOSE", (id) => {
    sftp.status(id, STATUS_CODE.OK);
  });
  sftp.on("REMOVE", (id, path) => {
    sftp.status(id, files.delete(path) ? STATUS_CODE.OK : STATUS_CODE.NO_SUCH_FILE);
  });
  sftp.on("MKDIR", (id, path) => {
    const isThere = files.has(path);
    if (!isThere) files.set(path, Buffer.from("folder"));
    sftp.status(id, isThere ? STATUS_CODE.FAILURE : STATUS_CODE.OK);
  });
  sftp.on("RENAME", (id, from, to) => {
    const content = files.get(from);
    if (content === undefined || files.has(to)) {
      sftp.status(id, STATUS_CODE.FAILURE);
      return;
    }
    files.delete(from);
    files.set(to, content);
    sftp.status(id, STATUS_CODE.OK);
  });
}
