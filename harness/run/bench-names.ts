/** The benches there are. */
export const benchNames = ["emulated", "passthrough", "lpar", "model"] as const;

/** Those that a night may have: a host of somebody's is used while he looks on. */
export const nightBenchNames = ["emulated", "passthrough", "model"] as const;

/** The name of a bench. */
export type BenchName = (typeof benchNames)[number];
