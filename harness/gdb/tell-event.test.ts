import { expect, it } from "vitest";
import { registers } from "./gdb-client.ts";
import { eventSymbols, tellEvent, type TellingEvent } from "./tell-event.ts";

const stack = 0x8000n;
const caller = 0x500n;
const page = 0x7000n;
const handle = 0x8002_0001;

/** A machine whose task comes to where it settles, and whose functions return what they are to. */
function play(): TellingEvent & {
  readonly begin: () => Promise<string>;
  readonly calls: [string, bigint[]][];
  readonly written: [bigint, string][];
} {
  const symbols = new Map(eventSymbols.map((name, index) => [name, 0x1000n + BigInt(index) * 0x100n]));
  const nameOf = (address: bigint): string | undefined => [...symbols].find(([, each]) => each === address)?.[0];
  const returns: Readonly<Record<string, bigint>> = { get_zeroed_page_noprof: page, kthread_create_on_node: 0x9000n };
  const values = new Map<number, bigint>([
    [registers.pswAddress, 0x10n],
    [registers.general(15), stack],
  ]);
  const calls: [string, bigint[]][] = [];
  const written: [bigint, string][] = [];
  const value = (number: number): bigint => values.get(number) ?? 0n;
  let saved = new Map<number, bigint>();
  const client: TellingEvent["client"] = {
    setBreakpoint: () => Promise.resolve(),
    removeBreakpoint: () => Promise.resolve(),
    readRegister: (number) => Promise.resolve(value(number)),
    writeRegister: (number, to) => Promise.resolve(void values.set(number, to)),
    readRegisters: () => {
      saved = new Map(values);
      return Promise.resolve("saved");
    },
    writeRegisters: () => {
      for (const [number, each] of saved) values.set(number, each);
      return Promise.resolve();
    },
    readMemory: (address, length) => {
      expect([address, length]).toEqual([page + 128n, 4]);
      const bytes = Buffer.alloc(4);
      bytes.writeUInt32BE(handle);
      return Promise.resolve(bytes);
    },
    writeMemory: (address, bytes) => Promise.resolve(void written.push([address, bytes.toString("hex")])),
    step: () => Promise.resolve(),
    resume: () => {
      const called = nameOf(value(registers.pswAddress));
      if (called === undefined || called === "cio_settle_write") {
        values.set(registers.pswAddress, symbols.get("cio_settle_write") ?? 0n);
        values.set(registers.general(14), caller);
        return Promise.resolve();
      }
      calls.push([called, [2, 3, 4, 5].map((each) => value(registers.general(each)))]);
      values.set(registers.general(2), returns[called] ?? 0n);
      values.set(registers.pswAddress, value(registers.general(14)));
      return Promise.resolve();
    },
    interrupt: () => undefined,
  };
  const never = new Promise<string>(() => undefined);
  return {
    ...{ client, symbols, handleOf: () => null, limit: 1000, signal: new AbortController().signal },
    ...{ begin: () => never, calls, written },
  };
}

const event = (code: string, fid: string, who = "80020001"): string =>
  `00000000${who}${fid.padStart(8, "0")}${"0".repeat(36)}${code}`;

it("has a thread of the kernel's own handle an event, with the handle that the platform says", async () => {
  const machine = play();
  const { begun } = await tellEvent(machine, { code: 0x304, fid: 0x20, stale: false }, machine.begin);
  expect(machine.calls.map(([name]) => name)).toEqual([
    "get_zeroed_page_noprof",
    "clp_refresh_fh",
    "kthread_create_on_node",
  ]);
  // It may run before that returns, so that it is only about to be woken.
  expect(await machine.client.readRegister(registers.pswAddress, machine.signal)).toBe(
    machine.symbols.get("wake_up_process"),
  );
  expect(await machine.client.readRegister(registers.general(2), machine.signal)).toBe(0x9000n);
  expect(begun).toMatchObject({ address: machine.symbols.get("cio_settle_write"), registers: "saved" });

  expect(machine.calls[1]?.[1].slice(0, 2)).toEqual([0x20n, page + 128n]);
  const handler = machine.symbols.get("zpci_event_availability");
  expect(machine.calls[2]?.[1]).toEqual([handler, page, 0xffff_ffff_ffff_ffffn, page + 64n]);
  expect(machine.written).toEqual([
    [page, event("0304", "20")],
    [page + 64n, Buffer.from("zhil-event\0").toString("hex")],
  ]);
});

it("tells of errors elsewhere, and with another handle where that is to be stale", async () => {
  const machine = play();
  await tellEvent(machine, { code: 0x3a, fid: 0x21, stale: true }, machine.begin);
  expect(machine.calls[2]?.[1][0]).toBe(machine.symbols.get("zpci_event_error"));
  expect(machine.written[0]).toEqual([page, event("003a", "21", "80020101")]);
});

it("says what a kernel lacks", async () => {
  const machine = play();
  const without = { ...machine, symbols: new Map([...machine.symbols].filter(([name]) => !name.startsWith("zpci"))) };
  await expect(tellEvent(without, { code: 0x304, fid: 1, stale: false }, machine.begin)).rejects.toThrow(
    /no function that takes one/,
  );
});
