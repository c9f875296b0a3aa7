/**
 * How scenarios come to their kernel: a pristine one as a clone of a frozen one, or by a boot of their own; or one that is
 * shared, used by one scenario after another.
 */
export const bootKinds = ["clone", "cold", "shared"] as const;

/** How a scenario comes to its kernel. */
export type BootKind = (typeof bootKinds)[number];
