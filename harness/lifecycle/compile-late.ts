/** When V8 compiles this program for speed. */
import { setFlagsFromString } from "node:v8";

/**
 * Has V8 execute four times as much of a function as by itself before it compiles it once more, for speed. A thousand
 * traces, or a suite's scenarios, are over before most of that pays: with it two threads that check traces take a quarter less of the
 * processors' time, and forty scenarios a twentieth less. What goes on for longer is compiled all the same.
 */
export const compileLate = (): void => {
  setFlagsFromString("--interrupt-budget=270000");
};
