/** What goes wrong on a vfio-user connection. */
import { constants } from "node:os";

/** The peer broke the protocol: nothing it says after that can be understood, so the connection is closed. */
export class ProtocolError extends Error {
  override readonly name = "ProtocolError";
}

/** A request that is well formed and cannot be granted: answered with an error, and the connection goes on. */
export class RefusedRequest extends Error {
  override readonly name = "RefusedRequest";
  /** Number of the errno in the reply. */
  readonly errno: number;

  constructor(errno: keyof typeof constants.errno, why: string) {
    super(`${errno}: ${why}`);
    this.errno = constants.errno[errno];
  }
}

/** A reply with the Error bit: the peer did not do what it was asked for. */
export class ErrorReply extends Error {
  override readonly name = "ErrorReply";
  /** Name of the errno; `error 0` where the peer gave none. */
  readonly errno: string;

  constructor(message: string, errno: number) {
    const name = nameErrno(errno);
    super(`The peer refused ${message}: ${name}`);
    this.errno = name;
  }
}

const errnoNames = new Map(Object.entries(constants.errno).map(([name, number]) => [number, name]));

/** The number comes from the peer: it may be any. */
const nameErrno = (errno: number): string => errnoNames.get(errno) ?? `error ${errno}`;
