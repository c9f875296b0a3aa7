/** Where the kernel was when it got no memory, as it says itself. */

const described = /^FAULT_INJECTION: forcing a failure/;
const frame = /^ ?\[<[0-9a-f]+>\] (?:\([^)]*\) )?([\w.]+)\+0x/;
/** Functions of fault injection itself, and of who was asked. */
const machinery =
  /^(?:dump_stack|should_fail|__should_fail|should_failslab|fail_dump|show_stack|iommufd_should_fail)/;

/** The functions in what the kernel says of an allocation that it failed on demand, innermost first. */
export function parseFailureStack(log: readonly string[]): readonly string[] {
  const begin = log.findIndex((line) => described.test(line));
  if (begin < 0) return [];
  const names = log.slice(begin).flatMap((line) => frame.exec(line)?.[1] ?? []);
  return names.filter((name) => !machinery.test(name));
}
