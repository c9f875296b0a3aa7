/** The benches there are. */
export const benchNames = ["emulated", "passthrough", "model"] as const;

/** The name of a bench. */
export type BenchName = (typeof benchNames)[number];
