/** A heartbeat: something is held for as long as it is kept in time, and whoever holds it knows when it is not any more. */

/** What beats. */
export interface HeartRequest {
  /** Milliseconds that one beat lasts. */
  readonly milliseconds: number;
  /** Asks for that much time again; false where it is somebody else's. A rejection is no answer: the next beat asks again. */
  readonly beat: () => Promise<boolean>;
  /** The error of what was lost. */
  readonly lost: (why: string) => Error;
}

/** A heart that beats until disposed. */
export interface Heart extends Disposable {
  /** Aborted when what was held is lost, or may be: its time is over, and nobody said that it was kept. */
  readonly signal: AbortSignal;
}

/** Beats in the time that one lasts. */
const beatsPerTime = 3;

/** Begins to beat, now that something was had. */
export function startHeart({ milliseconds, beat, lost }: HeartRequest): Heart {
  const over = new AbortController();
  // What was answered held from when it was asked, and not from when the answer came.
  let known = performance.now();
  const lose = (why: string): void => {
    clearInterval(timer);
    if (!over.signal.aborted) over.abort(lost(why));
  };
  const timer = setInterval(() => {
    const began = performance.now();
    // Who was stopped, and wakes up after its time, knows before it asks.
    if (began - known > milliseconds) {
      lose("its time was over before it was kept");
      return;
    }
    beat().then(
      (kept) => {
        if (kept) known = began;
        else lose("somebody else may have it");
      },
      () => undefined,
    );
  }, milliseconds / beatsPerTime);
  return {
    signal: over.signal,
    [Symbol.dispose]: () => {
      clearInterval(timer);
    },
  };
}
