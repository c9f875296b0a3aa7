import { describe, expect, it } from "vitest";
import { addressSchema } from "./address.ts";

describe("an address", () => {
  it.each([
    "0x0",
    "0x1000",
    "0xffffffffffffffff",
    "base",
    "last",
    "base+0x1000",
    "base-0x1",
    "last-0xfff",
    "last+0x1",
  ])("may be %s", (text) => {
    expect(addressSchema.safeParse(text).success).toBe(true);
  });

  it.each(["", "1000", "0x", "0xG", "0X10", "base+", "base+1000", "base*0x2", " base", "0x10000000000000000"])(
    'is not "%s"',
    (text) => {
      expect(addressSchema.safeParse(text).success).toBe(false);
    },
  );
});
