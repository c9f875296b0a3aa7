import { afterEach, expect, it, vi } from "vitest";
import { InterruptedError } from "../errors/harness-error.ts";
import { listenForInterrupt } from "./listen-for-interrupt.ts";

afterEach(() => {
  vi.restoreAllMocks();
});

it("asks for an end at the first signal, and ends at the second", () => {
  const exit = vi.spyOn(process, "exit").mockImplementation(() => undefined as never);
  const endNow = vi.fn();
  using interruption = listenForInterrupt(endNow);
  process.emit("SIGINT", "SIGINT");
  expect(interruption.signal.reason).toBeInstanceOf(InterruptedError);
  expect(interruption.signal.reason).toMatchObject({ what: "The run was interrupted by SIGINT" });
  expect(endNow).not.toHaveBeenCalled();
  process.emit("SIGINT", "SIGINT");
  expect(endNow).toHaveBeenCalledOnce();
  expect(exit).toHaveBeenCalledWith(130);
});

it("lets go of the signals when disposed", () => {
  const before = process.listenerCount("SIGINT");
  listenForInterrupt(() => undefined)[Symbol.dispose]();
  expect(process.listenerCount("SIGINT")).toBe(before);
});
