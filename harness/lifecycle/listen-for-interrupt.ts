/** Ctrl-C and SIGTERM: the first asks everything to end in order, the second ends it at once. */
import { constants } from "node:os";
import { InterruptedError } from "../errors/harness-error.ts";

const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** Listens until disposed. */
export interface Interruption extends Disposable {
  /** Aborted with an InterruptedError by the first signal. */
  readonly signal: AbortSignal;
}

/**
 * Aborts on the first signal; on the second calls `endNow`, which must not wait, and exits as the signal would have.
 * Programs that were started do not see Ctrl-C themselves: they run in sessions of their own.
 */
export function listenForInterrupt(endNow: () => void): Interruption {
  const controller = new AbortController();
  const interrupt = (name: NodeJS.Signals): void => {
    if (controller.signal.aborted) {
      try {
        endNow();
      } finally {
        process.exit(128 + constants.signals[name]);
      }
    }
    controller.abort(new InterruptedError({ what: `The run was interrupted by ${name}` }));
  };
  for (const name of signals) process.on(name, interrupt);
  return {
    signal: controller.signal,
    [Symbol.dispose]: () => {
      for (const name of signals) process.off(name, interrupt);
    },
  };
}
