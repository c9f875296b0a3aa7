import { HarnessError } from "./harness-error.ts";

/** How deep a chain of causes is followed. */
const depthLimit = 5;

/**
 * The error that came first. Where a body fails and its disposal then fails too, the runtime (or what tsc emits for
 * it) wraps both in a SuppressedError that names the later one: readers want the earlier.
 */
export function firstError(error: unknown): unknown {
  let first = error;
  for (let depth = 0; depth < depthLimit; depth++) {
    if (!(first instanceof Error) || !("suppressed" in first)) return first;
    first = first.suppressed;
  }
  return first;
}

/** An error in lines for people: what, where, why, what to do. */
export function describeError(error: unknown): readonly string[] {
  const first = firstError(error);
  const lines: string[] = [messageOf(first)];
  let remedy = first instanceof HarnessError ? first.remedy : null;
  let cause = first instanceof Error ? first.cause : undefined;
  for (let depth = 0; depth < depthLimit && cause !== undefined; depth++) {
    lines.push(`because: ${messageOf(cause)}`);
    if (cause instanceof HarnessError) remedy ??= cause.remedy;
    cause = cause instanceof Error ? cause.cause : undefined;
  }
  if (remedy !== null) lines.push(`remedy: ${remedy}`);
  return lines;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
