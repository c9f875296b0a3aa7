import { expect, it } from "vitest";
import { digestOf, patternPage } from "./pattern.ts";

/** The protocol's words, in plain 64-bit arithmetic. */
function hashPlainly(bytes: Uint8Array): bigint {
  let hash = 0xcbf29ce484222325n;
  for (const byte of bytes) hash = ((hash ^ BigInt(byte)) * 0x100000001b3n) & 0xffff_ffff_ffff_ffffn;
  return hash;
}

it("digests as FNV-1a's published vectors", () => {
  const digest = (text: string): string => digestOf(Buffer.from(text));
  expect([digest(""), digest("a"), digest("foobar")]).toEqual([
    "cbf29ce484222325",
    "af63dc4c8601ec8c",
    "85944171f73967e8",
  ]);
});

// The hash of the last one ends in ffffff46: counting up carries into its upper half.
it.each(["fill:p[0]", "block:a:255", "zeros", "carry:7653940"])(
  "fills the page of %s as the protocol says",
  (name) => {
    const page = Buffer.alloc(4096);
    const first = hashPlainly(Buffer.from(name));
    for (let word = 0; word < 512; word++) {
      page.writeBigUInt64BE((first + BigInt(word)) & 0xffff_ffff_ffff_ffffn, word * 8);
    }
    expect(Buffer.from(patternPage(name)).equals(page)).toBe(true);
    expect(digestOf(patternPage(name))).toBe(hashPlainly(page).toString(16).padStart(16, "0"));
  },
);
