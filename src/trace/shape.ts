/**
 * Shapes of plain data that came from others: what a value has to be, told as where it is not. Most values of a trace are as they should
 * be, and there are tens of thousands of them: nothing is made for one that is, nor copied.
 */

/** Looks at a value: null where it is as it should be, else where in it what is wrong, as `observation.result: expected text`. */
export type Shape = (value: unknown) => string | null;

const textLimit = 1_000_000;
const isText = (value: unknown): value is string => typeof value === "string" && value.length <= textLimit;
const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Where something is wrong, seen from what it is in. */
const within = (key: string, wrong: string): string => `${key}${wrong.startsWith(":") ? "" : "."}${wrong}`;

/** What a test says yes to. */
const when =
  (test: (value: unknown) => boolean, expected: string): Shape =>
  (value) =>
    test(value) ? null : `: expected ${expected}`;

/** Text of up to a million characters. */
export const text: Shape = when(isText, "text");

/** Text of up to as many characters as that. */
export const shortText = (limit: number): Shape =>
  when((value) => isText(value) && value.length <= limit, `text of at most ${String(limit)} characters`);

/** Text of one kind. */
export const textLike = (pattern: RegExp, expected: string): Shape =>
  when((value) => isText(value) && pattern.test(value), expected);

/** One of these texts. */
export const oneOf = (...texts: readonly string[]): Shape => {
  const known = new Set<unknown>(texts);
  return when((value) => known.has(value), `one of ${texts.length > 8 ? "those known" : texts.join(", ")}`);
};

/** A whole number between two, both included. */
export const wholeBetween = (low: number, high: number): Shape =>
  when(
    (value) => Number.isInteger(value) && (value as number) >= low && (value as number) <= high,
    `a whole number from ${String(low)} to ${String(high)}`,
  );

/** A number. */
export const number: Shape = when(Number.isFinite, "a number");

/** True or false. */
export const flag: Shape = when((value) => typeof value === "boolean", "true or false");

/** Anything that is there. */
export const something: Shape = when((value) => value !== undefined, "something");

/** What has that shape, or is null. */
export const orNull =
  (shape: Shape): Shape =>
  (value) =>
    value === null ? null : shape(value);

/** What has that shape, or is not there. */
export const optional =
  (shape: Shape): Shape =>
  (value) =>
    value === undefined ? null : shape(value);

/** A list of up to as many of a shape. */
export const listOf =
  (shape: Shape, limit = Number.POSITIVE_INFINITY): Shape =>
  (value) => {
    if (!Array.isArray(value)) return ": expected a list";
    if (value.length > limit) return `: expected at most ${String(limit)}`;
    for (let index = 0; index < value.length; index++) {
      const wrong = shape(value[index]);
      if (wrong !== null) return within(String(index), wrong);
    }
    return null;
  };

/** An object with entries of a shape, by whatever name. */
export const entriesOf =
  (shape: Shape): Shape =>
  (value) => {
    if (!isObject(value)) return ": expected an object";
    for (const key in value) {
      const wrong = isText(key) ? shape(value[key]) : ": expected a shorter name";
      if (wrong !== null) return within(key.slice(0, 100), wrong);
    }
    return null;
  };

/** An object with these entries, and whatever else is in it. */
export function having(entries: Readonly<Record<string, Shape>>): Shape {
  const wanted = Object.entries(entries);
  return (value) => {
    if (!isObject(value)) return ": expected an object";
    for (const [key, shape] of wanted) {
      const wrong = shape(Object.hasOwn(value, key) ? value[key] : undefined);
      if (wrong !== null) return within(key, wrong);
    }
    return null;
  };
}

/** An object with these entries and nothing else. */
export function only(entries: Readonly<Record<string, Shape>>): Shape {
  const all = having(entries);
  const known = new Set(Object.keys(entries));
  return (value) => {
    const wrong = all(value);
    if (wrong !== null) return wrong;
    const other = Object.keys(value as object).find((key) => !known.has(key));
    return other === undefined ? null : `: nothing is named "${other.slice(0, 100)}"`;
  };
}
