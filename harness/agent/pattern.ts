/** Page patterns and their digests, as the agent's protocol defines them (64-bit FNV-1a), in 32-bit halves. */

/** Bytes of a page and of a block of a medium. */
export const pageBytes = 4096;

const prime = 0x1b3; // The prime is 2^40 + 0x1b3; the 2^40 becomes a shift.
const offsetHigh = 0xcbf29ce4;
const offsetLow = 0x84222325;
const two32 = 0x1_0000_0000;

/** A 64-bit number in two unsigned halves. */
interface Halves {
  readonly high: number;
  readonly low: number;
}

function hash(bytes: Uint8Array): Halves {
  let high = offsetHigh;
  let low = offsetLow;
  for (const byte of bytes) {
    low = (low ^ byte) >>> 0;
    const product = low * prime; // below 2^41, exact
    high = (Math.imul(high, prime) + Math.floor(product / two32) + (low << 8)) >>> 0;
    low = product >>> 0;
  }
  return { high, low };
}

const toHex = ({ high, low }: Halves): string =>
  high.toString(16).padStart(8, "0") + low.toString(16).padStart(8, "0");

/** The digest of some bytes, 16 hexadecimal digits. */
export function digestOf(bytes: Uint8Array): string {
  return toHex(hash(bytes));
}

/** The page that a name stands for: the hash of the name, counted up in 512 big-endian words. */
export function patternPage(name: string): Uint8Array {
  const page = new Uint8Array(pageBytes);
  const view = new DataView(page.buffer);
  let { high, low } = hash(new TextEncoder().encode(name));
  for (let offset = 0; offset < pageBytes; offset += 8) {
    view.setUint32(offset, high);
    view.setUint32(offset + 4, low);
    low = (low + 1) >>> 0;
    if (low === 0) high = (high + 1) >>> 0;
  }
  return page;
}
