import { afterEach, expect, it, vi } from "vitest";
import { TimeLimitError, UsageError } from "../errors/harness-error.ts";
import { readRunDelay } from "./read-run-delay.ts";
import { retryUntil } from "./retry-until.ts";
import { scaleTime, withLimit } from "./with-limit.ts";

const never = new AbortController().signal;
const endless = (): Promise<never> => new Promise(() => undefined);

afterEach(() => {
  vi.unstubAllEnvs();
});

it("returns what the work returns, and tells the work that the wait is over", async () => {
  let given: AbortSignal | null = null;
  const result = await withLimit({ what: "an answer", limit: 1000, signal: never }, (signal) => {
    given = signal;
    return Promise.resolve(42);
  });
  expect(result).toBe(42);
  expect(given).toMatchObject({ aborted: true });
});

it("names at the limit what was waited for and what was last seen", async () => {
  const wait = { what: "the agent's hello", limit: 20, signal: never, lastSeen: () => "nothing", remedy: "Look" };
  const error = await withLimit(wait, endless).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(TimeLimitError);
  expect(error).toMatchObject({ what: "Waited 0.02 s for the agent's hello; last seen: nothing", remedy: "Look" });
});

/** No process has this number. */
const pid = 2 ** 30;
/** What a wait for that process is told that it has lost, one time after the other. */
function losing(...delays: readonly number[]): (asked: number) => number {
  const left = [...delays];
  return (asked) => (asked === pid ? (left.shift() ?? NaN) : 0);
}

it("does not count the time in which others had the processors", async () => {
  const later = new Promise((resolve) => setTimeout(resolve, 60, "late"));
  // By the limit the process had lost 5 s, for which it is waited on; by then it has answered.
  const wait = { what: "an answer", limit: 20, signal: never, pid };
  await expect(withLimit(wait, () => later, losing(1000, 6000))).resolves.toBe("late");
});

it("asks what was lost only for a wait that lasts", async () => {
  const readDelay = vi.fn(() => 0);
  const wait = { what: "an answer", limit: 10_000, signal: never, pid };
  await withLimit(wait, () => Promise.resolve(), readDelay);
  expect(readDelay).not.toHaveBeenCalled();
});

it("waits on no more than is worth it, nor for ever", async () => {
  const wait = { what: "anything", signal: never, pid };
  await expect(withLimit({ ...wait, limit: 20 }, endless, losing(0, 0.2))).rejects.toThrow("Waited 0.02 s");
  await expect(withLimit({ ...wait, limit: 5 }, endless, losing(0, 1000, 2000))).rejects.toThrow(
    "Waited 0.005 s for anything, and 0.095 s in which others had the processors",
  );
});

it("reads what the kernel says that a process has lost, and nothing of one that is gone", () => {
  const before = readRunDelay(process.pid);
  expect(before).toBeGreaterThanOrEqual(0);
  expect(readRunDelay(process.pid)).toBeGreaterThanOrEqual(before);
  expect(readRunDelay(pid)).toBe(0);
});

it("ends with the signal's own reason, before or during the wait", async () => {
  const wait = { what: "anything", limit: 1000 };
  await expect(withLimit({ ...wait, signal: AbortSignal.abort(new Error("gone")) }, endless)).rejects.toThrow("gone");
  const controller = new AbortController();
  const waiting = withLimit({ ...wait, signal: controller.signal }, endless);
  controller.abort(new Error("called off"));
  await expect(waiting).rejects.toThrow("called off");
});

it("passes on what the work throws", async () => {
  const wait = { what: "anything", limit: 1000, signal: never };
  await expect(withLimit(wait, () => Promise.reject(new Error("refused")))).rejects.toThrow("refused");
});

it("scales every limit by ZHIL_TIME_SCALE", async () => {
  vi.stubEnv("ZHIL_TIME_SCALE", "0.01");
  expect(scaleTime(10_000)).toBe(100);
  await expect(withLimit({ what: "anything", limit: 2000, signal: never }, endless)).rejects.toThrow("Waited 0.02 s");
});

it.each(["0", "-1", "fast"])("refuses %s as a scale", (scale) => {
  vi.stubEnv("ZHIL_TIME_SCALE", scale);
  expect(() => scaleTime(1)).toThrow(UsageError);
});

it("tries until it succeeds", async () => {
  let attempts = 0;
  const result = await retryUntil({ what: "three attempts", limit: 5000, signal: never }, () => {
    if (++attempts < 3) throw new Error("too early");
    return attempts;
  });
  expect(result).toBe(3);
});

it("says at the limit how the last attempt failed", async () => {
  const attempt = (): never => {
    throw new Error("process 7 is still there");
  };
  const trying = retryUntil({ what: "its end", limit: 30, signal: never }, attempt);
  await expect(trying).rejects.toThrow("Waited 0.03 s for its end; last seen: process 7 is still there");
});
