/** Telling a kernel of an event that no hypervisor sends: it handles it in a thread of its own, as it would any other. */
import { InfrastructureError } from "../errors/harness-error.ts";
import type { GdbClient } from "./gdb-client.ts";
import { stopInFunction, type BegunCall, type Stopping } from "./stop-at-points.ts";

/** An event. */
export interface ToldEvent {
  /** PCI event code. */
  readonly code: number;
  /** Function identifier. */
  readonly fid: number;
  /** With a handle that the function does not have any more. */
  readonly stale: boolean;
}

/** What an event is told with. */
export interface TellingEvent extends Stopping {
  /** Of a machine that stands still. */
  readonly client: Stopping["client"] & Pick<GdbClient, "readMemory" | "writeMemory">;
}

/** What a task that waits for events to be handled calls (drivers/s390/cio/css.c): it holds nothing there. */
const stopSymbol = "cio_settle_write";
const symbolsOfCalls = {
  /** (flags): a page; for as long as the machine lives. */
  allocate: "get_zeroed_page_noprof",
  /** (FID, address of the answer): the handle that the platform says the function has. */
  findHandle: "clp_refresh_fh",
  /** (function, its argument, node, name): a thread that does not run yet. */
  createThread: "kthread_create_on_node",
  /** (thread) */
  wake: "wake_up_process",
} as const;
const handlers = { availability: "zpci_event_availability", error: "zpci_event_error" } as const;

/** Every function of the kernel that telling takes. */
export const eventSymbols: readonly string[] = [
  stopSymbol,
  ...Object.values(symbolsOfCalls),
  ...Object.values(handlers),
];

/** GFP_KERNEL (include/linux/gfp_types.h), the same from 6.12 to 7.2. */
const allocationFlags = 0xcc0n;
const anyNode = -1n;
/** Where things are in the page: the event, the thread's name, the handle. */
const places = { event: 0n, name: 64n, handle: 128n } as const;
/** Bytes of an event, and where its handle, FID and code are (arch/s390/pci/pci_event.c, struct zpci_ccdf_err and _avail). */
const layout = { length: 32, handle: 4, fid: 8, code: 30 } as const;
/** Codes from here on tell of availability. */
const availability = 0x300;
/** What a handle differs in that was the function's once. */
const staleBit = 0x100;

/**
 * Begins an operation, and has an event told meanwhile. The machine stands still at the end, about to wake the thread, which may run
 * before that returns: who lets it go on has the answer, and has to end that call.
 * @throws {InfrastructureError} where the kernel lacks what it takes
 */
export async function tellEvent<T>(
  telling: TellingEvent,
  { code, fid, stale }: ToldEvent,
  begin: () => Promise<T>,
): Promise<{ readonly answer: Promise<T>; readonly begun: BegunCall }> {
  const { client, symbols, signal } = telling;
  const handler = symbols.get(code >= availability ? handlers.availability : handlers.error);
  if (handler === undefined) {
    throw new InfrastructureError({
      what: "Cannot tell of an event: the kernel has no function that takes one",
      remedy: "Run it on a kernel with CONFIG_KALLSYMS, of a version that docs/answers.md names",
    });
  }
  return stopInFunction(telling, stopSymbol, begin, async (call, beginCall) => {
    const page = await call(symbolsOfCalls.allocate, allocationFlags);
    if (page === 0n)
      throw new InfrastructureError({ what: "Cannot tell of an event: the kernel has no page for it" });
    // What it cannot say of a function that is not there, it leaves at 0.
    await call(symbolsOfCalls.findHandle, BigInt(fid), page + places.handle);
    const handle = (await client.readMemory(page + places.handle, 4, signal)).readUInt32BE(0);
    const event = Buffer.alloc(layout.length);
    event.writeUInt32BE(stale ? (handle ^ staleBit) >>> 0 : handle, layout.handle);
    event.writeUInt32BE(fid, layout.fid);
    event.writeUInt16BE(code, layout.code);
    await client.writeMemory(page + places.event, event, signal);
    await client.writeMemory(page + places.name, Buffer.from("zhil-event\0", "latin1"), signal);
    const thread = await call(
      symbolsOfCalls.createThread,
      handler,
      page + places.event,
      BigInt.asUintN(64, anyNode),
      page + places.name,
    );
    return beginCall(symbolsOfCalls.wake, thread);
  });
}
