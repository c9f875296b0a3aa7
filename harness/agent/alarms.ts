/** Alarms: kernel log lines that no healthy kernel prints, reduced to what stays the same from run to run. */

/** How such lines begin, or what they contain. */
const alarmPatterns: readonly RegExp[] = [
  /^WARNING: /,
  /\bBUG: /,
  /^kernel BUG at /,
  /^Unable to handle kernel /,
  // die() of arch/s390/kernel/dumpstack.c: "Oops: 0038 ilc:2 [#1]SMP", "monitor event: 0040 ilc:2 [#1]SMP"
  /: [0-9a-f]{4} ilc:\d \[#\d+\]/,
  /^Krnl PSW : /,
  /^Kernel panic - not syncing/,
  /^INFO: task .* blocked for more than/,
  /\brcu: INFO: /,
  /\brcu: .* detected (?:expedited )?stalls/,
  /\b(?:KASAN|KCSAN|KFENCE|UBSAN): /,
  /possible (?:circular locking|recursive locking|irq lock inversion)/,
  /inconsistent lock state/,
  /suspicious RCU usage/,
  /\b(?:list_add|list_del) corruption/,
  /\brefcount_t: /,
  /: page allocation failure: /,
  /\bunreferenced object\b/,
];

/** Time stamps and callers that printk may put before a line. */
const prefix = /^(?:\[ *\d+\.\d+\](?:\[ *[TC]\d+\])? )?/;

/** The alarms in some lines of the kernel log, in order. */
export function findAlarms(lines: readonly string[]): string[] {
  const alarms: string[] = [];
  for (const line of lines) {
    const text = line.replace(prefix, "").trim();
    if (!alarmPatterns.some((each) => each.test(text))) continue;
    // The registers of an alarm tell where it was; they are no alarm of their own.
    const where = /^Krnl PSW : .*\((?<symbol>[^)]*)\)/.exec(text)?.groups?.["symbol"];
    const last = alarms.at(-1);
    if (where !== undefined && last !== undefined) {
      const symbol = stripVarying(where);
      if (!last.includes(` at ${symbol}`)) alarms[alarms.length - 1] = `${last} at ${symbol}`;
    } else {
      alarms.push(normaliseAlarm(text));
    }
  }
  return alarms;
}

function normaliseAlarm(text: string): string {
  // "WARNING: CPU: 0 PID: 33 at FILE:LINE SYMBOL" until 6.17, "WARNING: FILE:LINE at SYMBOL, CPU#0: COMM/PID" since.
  const old = /^WARNING: CPU: \d+ PID: \d+ at (?<file>\S+?):\d+ (?<symbol>\S+)/.exec(text)?.groups;
  const recent = /^WARNING: (?<file>\S+?):\d+ at (?<symbol>\S+?),/.exec(text)?.groups;
  const { file, symbol } = old ?? recent ?? {};
  if (file !== undefined && symbol !== undefined) return `WARNING: ${file} at ${stripVarying(symbol)}`;
  return stripVarying(text);
}

/** Takes out addresses, offsets, line numbers, processes, processors and counts. */
function stripVarying(text: string): string {
  return text
    .replace(/\+0x[0-9a-f]+\/0x[0-9a-f]+/g, "")
    .replace(/(\.[chS]):\d+/g, "$1")
    .replace(/,? ?\bCPU[#:]? ?\d+/g, "")
    .replace(/\bPID: ?\d+/g, "")
    .replace(/\b(task [^\s:]+):\d+/g, "$1")
    .replace(/: (\S+)\/\d+$/, ": $1")
    .replace(/: [0-9a-f]{4} ilc:\d \[#\d+\].*$/, "")
    .replace(/ for more than \d+ seconds\.?/g, "")
    .replace(/\b(?:0x)?[0-9a-f]{8,16}\b/g, "…")
    .replace(/\s+/g, " ")
    .trim();
}
