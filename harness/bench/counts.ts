/** How many samples are taken. */

/** Samples of everything. */
export interface Counts {
  /** Spawns, and thaws of each memory size, in turn. */
  readonly thaws: number;
  /** Rounds in which every side of the smallest scenario has its turn. */
  readonly rounds: number;
  /** Of each round on clones: scenarios alone, and in a run one after the other. */
  readonly clones: { readonly alone: number; readonly inTurn: number };
  /** The same where each boots the lean kernel. */
  readonly lean: { readonly alone: number; readonly inTurn: number };
  /** The same where each boots Debian's. */
  readonly debian: { readonly alone: number; readonly inTurn: number };
  /** Clones idle side by side. */
  readonly idle: number;
  /** DMA in each round. */
  readonly dma: { readonly rounds: number; readonly each: number };
  /** Of the suite, where a part runs it, one scenario in so many. */
  readonly suite: { readonly everyNth: number };
  /** Traces that are judged at a time, and how many times. */
  readonly check: { readonly traces: number; readonly times: number };
  /** Scenarios of the runs, growing. */
  readonly runs: readonly number[];
  /** Scenarios on clones of a host with its guest, by each way to have a function passed through. */
  readonly passthrough: number;
}

/** What bars were set for. */
export const fullCounts: Counts = {
  thaws: 25,
  rounds: 5,
  clones: { alone: 5, inTurn: 20 },
  lean: { alone: 3, inTurn: 5 },
  debian: { alone: 1, inTurn: 2 },
  idle: 5,
  dma: { rounds: 10, each: 10_000 },
  suite: { everyNth: 1 },
  check: { traces: 1000, times: 5 },
  runs: [100, 300, 1000],
  passthrough: 7,
};

/** Enough to see that something is far off. */
export const quickCounts: Counts = {
  thaws: 15,
  rounds: 2,
  clones: { alone: 3, inTurn: 8 },
  lean: { alone: 2, inTurn: 3 },
  debian: { alone: 1, inTurn: 1 },
  idle: 3,
  dma: { rounds: 5, each: 2_000 },
  suite: { everyNth: 10 },
  check: { traces: 100, times: 3 },
  runs: [10, 30, 100],
  passthrough: 2,
};
