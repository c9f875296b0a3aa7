/** Copies of a host's state: many times faster than structuredClone, for what a state is made of. */

/** A copy of plain data: objects, arrays and maps, with primitive values at the ends. What was there twice is there twice in the copy. */
export function cloneState<T>(value: T): T {
  return cloneValue(value) as T;
}

function cloneValue(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(cloneValue);
  if (value instanceof Map) {
    const copy = new Map<unknown, unknown>();
    for (const [key, each] of value) copy.set(key, cloneValue(each));
    return copy;
  }
  const copy: Record<string, unknown> = {};
  // Plain data has no keys but its own.
  for (const key in value) copy[key] = cloneValue((value as Record<string, unknown>)[key]);
  return copy;
}
