/** Many samples of one quantity in a few numbers. */

/** How samples are spread. */
export interface Spread {
  readonly median: number;
  /** A tenth of the samples are below. */
  readonly p10: number;
  /** A tenth of the samples are above. */
  readonly p90: number;
  /** How many samples there are. */
  readonly n: number;
}

/**
 * The spread of samples.
 * @throws {RangeError} where there are none: nothing was measured, and a number would hide it
 */
export function spreadOf(samples: readonly number[]): Spread {
  if (samples.length === 0) throw new RangeError("Cannot tell the spread of no samples");
  const sorted = [...samples].sort((a, b) => a - b);
  const at = (fraction: number): number => {
    const place = fraction * (sorted.length - 1);
    const [low = 0, high = low] = [sorted[Math.floor(place)], sorted[Math.ceil(place)]];
    return low + (high - low) * (place - Math.floor(place));
  };
  return { median: at(0.5), p10: at(0.1), p90: at(0.9), n: sorted.length };
}

/** The median of samples; NaN where there are none. */
export const medianOf = (samples: readonly number[]): number =>
  samples.length === 0 ? NaN : spreadOf(samples).median;
