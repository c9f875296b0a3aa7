import { InfrastructureError } from "../errors/harness-error.ts";
import type { Assets, PrepareOptions } from "./assets.ts";

/**
 * Everything a run on the `emulated` bench needs, from the cache where it has it, else fetched and built into it.
 * Takes milliseconds when there is nothing to do and minutes the first time.
 * @throws {InfrastructureError} naming what could not be had and what to provide
 */
export function prepareAssets(options: PrepareOptions): Promise<Assets> {
  options.signal.throwIfAborted();
  return Promise.reject(
    new InfrastructureError({ what: "Cannot prepare assets: this build has no preparation yet" }),
  );
}
