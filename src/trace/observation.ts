/**
 * What was seen after one operation. The same shape comes from a kernel and from the model, so that two traces can
 * be laid side by side without knowing where either came from.
 */

import type { HostView } from "./host-view.ts";

/** The counters of the domain a function is attached to (arch/s390/pci/pci_debug.c, pci_sw_names). */
export interface DomainCounters {
  readonly mapped: number;
  readonly unmapped: number;
  readonly globalRpcits: number;
  readonly syncMapRpcits: number;
  readonly syncRpcits: number;
}

/** One function as its host sees it. */
export interface FunctionView {
  /** Name of the bound driver, null without one. */
  readonly driver: string | null;
  /** Bit 31 of the function handle; null where the function is not there. */
  readonly enabled: boolean | null;
  /** Null where the statistics have no software lines: no statistics file, or a blocking domain. */
  readonly counters: DomainCounters | null;
}

/** One function that is ours to ask: the device end of its translation. */
export interface DeviceView {
  /** What it may reach now, as long ranges as can be: `0x100010000+0x2000 rw`. */
  readonly reach: readonly string[];
  /** All that it could reach was taken from it at once during the operation: its table was unregistered. */
  readonly emptied: boolean;
  /** It was told to reset during the operation. */
  readonly reset: boolean;
}

/** A value an operation returned: ids are symbolic, addresses hexadecimal. */
export type Value = string | number | boolean | null | readonly Value[] | { readonly [key: string]: Value };

/** Everything observed for one operation. */
export interface Observation {
  /** `OK`, the errno's name, or `panic`, `hang`, `stopped`: how the operation ended. */
  readonly result: string;
  /** What the operation itself returned. */
  readonly values: Readonly<Record<string, Value>>;
  /** Every function of the scenario, by name. */
  readonly functions: Readonly<Record<string, FunctionView>>;
  /** New zPCI messages of the kernel, in order: `a disable`, `a enable`, `a error 0x4` … (s390dbf pci_msg). */
  readonly messages: readonly string[];
  /** Pages of buffers whose content changed: `p[0]` → name of the content. */
  readonly memory: Readonly<Record<string, string>>;
  /** Blocks of media that changed, as their host sees them: `a:3` → name of the content. */
  readonly blocks: Readonly<Record<string, string>>;
  /** Functions that this project serves itself, by name; null where nobody talks to one any more, absent where there are none. */
  readonly devices?: Readonly<Record<string, DeviceView | null>>;
  /** The host's lane, where the kernel is a guest's that has functions passed through. */
  readonly host?: HostView;
  /** Kernel log lines that no healthy kernel prints: WARN, BUG, oops, lockdep … */
  readonly alarms: readonly string[];
}

/** What is kept beside an observation and never compared. */
export interface Evidence {
  /** Wall-clock time of the operation, in microseconds. */
  readonly micros: number;
  /** New kernel log lines. */
  readonly log: readonly string[];
  /** Anything else worth keeping: raw ids, raw message lines, NVMe status. */
  readonly raw: Value;
}
