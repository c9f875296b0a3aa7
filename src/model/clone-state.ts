/** Copies of a host's state: many times faster than structuredClone, for what a state is made of. */

/**
 * A copy of plain data: objects, arrays and maps, with primitive values at the ends. What was there twice is there twice in the copy;
 * a frozen object stays the one that it is.
 */
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
  // What nobody can change is shared.
  if (Object.isFrozen(value)) return value;
  // Spread first: copies then have the shape of what they are copied from, which the engine knows.
  const copy: Record<string, unknown> = { ...value };
  for (const key in copy) {
    const each = copy[key];
    if (typeof each === "object" && each !== null) copy[key] = cloneValue(each);
  }
  return copy;
}

/** Whether two states are the same, also in the order of what they hold. */
export function isSameState(one: unknown, other: unknown): boolean {
  if (one === other) return true;
  if (typeof one !== "object" || typeof other !== "object" || one === null || other === null) return false;
  if (Array.isArray(one)) {
    return (
      Array.isArray(other) && one.length === other.length && one.every((each, at) => isSameState(each, other[at]))
    );
  }
  if (one instanceof Map) {
    if (!(other instanceof Map) || one.size !== other.size) return false;
    const others = other.entries();
    for (const [key, each] of one) {
      const next = others.next().value as readonly [unknown, unknown] | undefined;
      if (next === undefined || next[0] !== key || !isSameState(each, next[1])) return false;
    }
    return true;
  }
  if (Array.isArray(other) || other instanceof Map) return false;
  const keys = Object.keys(one);
  const others = Object.keys(other);
  const [left, right] = [one as Readonly<Record<string, unknown>>, other as Readonly<Record<string, unknown>>];
  return (
    keys.length === others.length && keys.every((key, at) => key === others[at] && isSameState(left[key], right[key]))
  );
}
