/** Versions of kernels and QEMUs, compared by their leading numbers. */

const readNumbers = (version: string): readonly number[] =>
  (/^\d+(?:\.\d+)*/u.exec(version)?.[0] ?? "0").split(".").map((each) => Number.parseInt(each, 10));

/** The same few versions are compared over and over. */
const known = new Map<string, readonly number[]>();
const knownLimit = 1000;

function numbersOf(version: string): readonly number[] {
  let numbers = known.get(version);
  if (numbers === undefined) {
    numbers = readNumbers(version);
    // They may come from traces that others wrote, without end.
    if (known.size < knownLimit) known.set(version, numbers);
  }
  return numbers;
}

/** Negative, zero or positive as a is older than, the same as or newer than b; `7.2` and `7.2.0` are the same. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [numbersOf(a), numbersOf(b)];
  for (let index = 0; index < Math.max(left.length, right.length); index += 1) {
    const difference = (left[index] ?? 0) - (right[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** True where `version` is `minimum` or newer. */
export const isAtLeast = (version: string, minimum: string): boolean => compareVersions(version, minimum) >= 0;
