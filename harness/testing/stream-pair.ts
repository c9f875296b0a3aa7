/** Two ends of a stream in memory: what is written to one is read from the other. */
import { Duplex } from "node:stream";

/** Makes a pair. */
export function makeStreamPair(): readonly [Duplex, Duplex] {
  const ends: Duplex[] = [];
  const makeEnd = (other: () => Duplex): Duplex =>
    new Duplex({
      read: () => undefined,
      write: (chunk: Buffer, _, done) => {
        other().push(chunk);
        done();
      },
      final: (done) => {
        other().push(null);
        done();
      },
      destroy: (error, done) => {
        // As with sockets: when one end goes, the other one closes.
        setImmediate(() => other().destroy());
        done(error);
      },
    });
  ends.push(
    makeEnd(() => ends[1]!),
    makeEnd(() => ends[0]!),
  );
  return [ends[0]!, ends[1]!];
}
