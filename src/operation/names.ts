/** What every operation's fields are made of. */
import * as z from "zod";

/** A name that a scenario gives to a thing. What every JavaScript object has, such as `constructor`, is none. */
export const nameSchema = z
  .string()
  .regex(/^[A-Za-z][A-Za-z0-9._-]{0,30}$/, "expected a name: a letter, then up to 30 letters, digits, dots, dashes")
  .refine((text) => !(text in {}), "expected another name: this one has a meaning in JavaScript");

/** An unsigned 64-bit number written `0x…`. */
export const hexSchema = z.string().regex(/^0x[0-9a-f]{1,16}$/, "expected a hexadecimal number such as 0x1000");
