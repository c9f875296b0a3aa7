/** Addresses as a scenario writes them. */
import * as z from "zod";

/**
 * An address in a scenario: a number (`0x1000`), or one relative to the DMA aperture, such as `base+0x1000` (its first
 * IOVA) or `last-0xfff` (its last). The plan makes it a number.
 */
export const addressSchema = z
  .string()
  .regex(
    /^(?:0x[0-9a-f]{1,16}|(?:base|last)(?:[+-]0x[0-9a-f]{1,16})?)$/,
    "expected an address: 0x1000, base+0x1000 (aperture's first IOVA) or last-0xfff (its last)",
  );
