/** Functions whose device end is ours: what they do when told, what they do unasked, and their end. */
import { anything } from "../../compare/pattern.ts";
import type { InterjectionResult } from "../../operation/during.ts";
import type { InsideOperation } from "../../operation/operation.ts";
import { traitsOf, type DeviceKind } from "../../trace/device-kinds.ts";
import type { FunctionProfile } from "../../trace/profile.ts";
import { pageSize } from "../../zpci/iova.ts";
import { blockContent, contentOf, mayWritePage, writeBlock, writePage } from "../contents.ts";
import { dmaErrors } from "../dma-answer.ts";
import type { Host } from "../host.ts";
import { requireNoRemoval } from "../leaving.ts";
import { mayTellDriver } from "../recovery.ts";
import { ScenarioMistake } from "../scenario-mistake.ts";
import { succeed, type Outcome, type Rules } from "../rule.ts";
import type { DeviceEnd, HostState, ModelFunction, Storm } from "../state.ts";
import { translate } from "../translate.ts";
import { joinGroup } from "./domain.ts";

/** A device end before anything was told to it. */
export const makeEnd = (profile: FunctionProfile): DeviceEnd => ({
  connected: !traitsOf(profile).pluggedLate,
  returned: false,
  diesAt: null,
  held: null,
  storm: null,
  uncertain: false,
});

/** The function, which has to be of the kind that can do that. */
function served(host: Host, name: string, kinds: readonly DeviceKind[] | null): ModelFunction {
  const fn = host.fn(name);
  const fits = kinds?.includes(fn.profile.device) ?? traitsOf(fn.profile).served;
  if (!fits) {
    const wanted = kinds?.join(" or ") ?? "device end of ours";
    throw new ScenarioMistake(`Function "${name}" is no ${wanted} but ${fn.profile.device}`);
  }
  if (!fn.plugged) throw new ScenarioMistake(`Function "${name}" is not plugged in`);
  return fn;
}

/** DMA of a page by a function itself, once, as it is told: no command is fetched, no completion written. */
export function doDma(
  host: Host,
  name: string,
  dma: { readonly iova: bigint; readonly block: number; readonly access: "read" | "write" },
): Outcome {
  const fn = host.fn(name);
  if (!fn.inUse) throw new ScenarioMistake(`Function "${name}" is not open`);
  requirePage(dma.iova);
  if (fn.profile.device !== "late") return moveNow(host, fn, dma);
  if (fn.end.held !== null) throw new ScenarioMistake(`Function "${name}" holds a DMA already`);
  if (!fn.end.connected) return succeed({ completion: "gone" });
  fn.end.held = dma;
  return succeed({ completion: "held" });
}

function moveNow(host: Host, fn: ModelFunction, { iova, block, access }: NonNullable<DeviceEnd["held"]>): Outcome {
  const { name } = fn.profile;
  if (!fn.end.connected) return succeed({ completion: "gone" });
  if (fn.busMaster === "unknown" && host.quirks.size === 0) {
    throw new ScenarioMistake(`The command register of "${name}" was lost in a reset: it needs bus-master first`);
  }
  // Only a quirk led here.
  if (fn.busMaster === "unknown") fn.busMaster = host.choose(2) === 0 ? "on" : "off";
  if (fn.end.uncertain) {
    host.giveUp();
    mayTellDriver(fn);
    return { result: "OK", values: anything };
  }
  const moved = translate(host, fn, iova, access);
  if ("refused" in moved) return succeed({ completion: "refused" });
  if (access === "write") writePage(host, moved.page, blockContent(host, name, block));
  else writeBlock(host, name, block, contentOf(host, moved.page));
  return succeed({ completion: "success" });
}

/** Kinds of functions that can be told to do DMA at a point of an operation: it is done when they have answered. */
const promptKinds: readonly DeviceKind[] = ["witness", "slow", "rude"];

/**
 * DMA of a function at a point of another operation.
 * @throws ScenarioMistake where it cannot be told to
 */
export function doDmaAtPoint(
  host: Host,
  { op, function: name, iova, block }: Exclude<InsideOperation, { readonly op: "flush" }>,
): InterjectionResult {
  const fn = served(host, name, promptKinds);
  const storming = Object.values(host.state.functions).find(({ end }) => end.storm !== null);
  if (storming !== undefined) {
    throw new ScenarioMistake(
      `The storm of "${storming.profile.name}" goes on while the host stands still: end it first`,
    );
  }
  const address = BigInt(iova);
  requirePage(address);
  const { values } = moveNow(host, fn, { iova: address, block, access: op === "dma-write" ? "write" : "read" });
  const { completion } = values as { completion?: InterjectionResult };
  return completion ?? "refused";
}

const requirePage = (iova: bigint): void => {
  if (iova % pageSize !== 0n) {
    throw new ScenarioMistake(`DMA of one page needs a page-aligned IOVA, not 0x${iova.toString(16)}`);
  }
};

/** What a function does while and after an operation is performed, without being told. */
export function goOn(host: Host, fn: ModelFunction, before: HostState): void {
  if (!fn.end.connected) return;
  if (fn.end.storm !== null) storm(host, fn, fn.end.storm);
  if (fn.profile.device !== "own") return;
  // It may write whatever it may reach, and what it could reach before the operation took it away.
  const domain = before.functions[fn.profile.name]?.domain ?? null;
  const reachedBefore = domain === null ? [] : [...(before.domains[domain]?.table.values() ?? [])];
  for (const { page, write } of [...reachedBefore, ...host.tableOf(fn).values()]) {
    if (write) mayWritePage(host, page);
  }
}

/**
 * A round of a storm, every page once.
 * A refusal stops nothing: where the kernel brings the function back, the next one is an event again, and how many there are
 * is a matter of timing. So is what a recovery that meets the next event ends in (Host.mayRaiseAgain).
 */
function storm(host: Host, fn: ModelFunction, storm: Storm): void {
  if (storm.refused === true && !fn.inError && fn.busMaster === "on") {
    throw new ScenarioMistake(
      `The storm of "${fn.profile.name}" was refused: it needs storm-end before anything else`,
    );
  }
  // Between two tables none is registered, and DMA may come then.
  if (host.devices.wasEmptied(fn) && storm.refused === false) storm.refused = "unknown";
  const content = blockContent(host, fn.profile.name, storm.block);
  const said = host.messages.length;
  const written: string[] = [];
  for (let page = 0; page < storm.pages; page += 1) {
    const moved = translate(host, fn, storm.iova + BigInt(page) * pageSize, "write");
    if ("page" in moved) written.push(moved.page);
    else storm.refused = true;
  }
  const isRepeated = host.messages.length > said && !fn.inError;
  for (const page of written) {
    if (isRepeated) mayWritePage(host, page);
    else writePage(host, page, content);
  }
  if (isRepeated) leaveOpen(host, fn, said);
}

function leaveOpen(host: Host, fn: ModelFunction, said: number): void {
  const { name } = fn.profile;
  host.messages.length = said;
  const events = dmaErrors.map((each) => `error ${each}`);
  const mayReset = host.has("examined-function-raises-again");
  const words = mayReset
    ? [...events, "reset-load-store-blocked cc=1 status=18", "reset", "disable", "enable"]
    : events;
  mayTellDriver(fn);
  host.repeated = { $oneOf: words.map((each) => `${name} ${each}`) };
  if (!mayReset) return;
  fn.end.uncertain = true;
  fn.busMaster = "unknown";
}

/** What becomes of a broken function that is plugged in, by what of it is broken. */
const pluggings: Readonly<Partial<Record<DeviceKind, "refused" | "unseen" | "seen">>> = {
  "broken-no-msix": "refused",
  "broken-hangs": "refused",
  "broken-dies": "refused",
  "broken-vendor": "unseen",
  "broken-bar-size": "seen",
};

/** Rules of this file. */
export const servedRules: Rules<
  "plug" | "dma-release" | "storm-begin" | "storm-end" | "function-dies" | "function-returns" | "misbehave"
> = {
  plug: {
    ground:
      "QEMU hw/s390x/s390-pci-bus.c, s390_pcihost_plug: MSI-X is mandatory; hw/vfio-user/pci.c, vfio_user_pci_realize: what " +
      "does not answer is not plugged. hw/vfio/pci.c, vfio_pci_bars_prepare: a BAR's size is asked for once. " +
      "drivers/pci/probe.c, pci_bus_generic_read_dev_vendor_id: where vendor and device read all ones is nobody; arch/s390/pci/pci_event.c, " +
      "__zpci_event_availability, 0x0301: the zPCI function is there and enabled all the same",
    predict: (host, { function: name }) => {
      const fn = host.fn(name);
      const outcome = pluggings[fn.profile.device];
      if (outcome === undefined || fn.plugged) {
        throw new ScenarioMistake(`Function "${name}" is plugged in from the start`);
      }
      requireNoRemoval(host);
      if (outcome === "refused") return { result: "REFUSED", values: {} };
      fn.plugged = true;
      fn.configured = outcome === "seen";
      if (fn.configured) joinGroup(host, name);
      host.devices.plug(fn);
      host.say(`${name} available 0x301`, `${name} add`, `${name} enable`);
      return succeed();
    },
  },
  "dma-release": {
    ground:
      "As dma-write and dma-read, at the time of the release; a device that was reset meanwhile has forgotten it " +
      "(arch/s390/pci/pci.c, zpci_hot_reset_device: an initial state equivalent to its state during boot)",
    predict: (host, { function: name }) => {
      const fn = served(host, name, ["late"]);
      const { held } = fn.end;
      if (held === null) return succeed({ completion: "none" });
      fn.end.held = null;
      return moveNow(host, fn, held);
    },
  },
  "storm-begin": {
    ground:
      "As dma-write, again and again: memory changes where it is mapped for writing and nowhere else, and whatever is refused is an error event",
    predict: (host, { function: name, iova, pages, block }) => {
      const fn = served(host, name, ["stormer"]);
      if (fn.end.storm !== null) throw new ScenarioMistake(`Function "${name}" storms already`);
      requirePage(BigInt(iova));
      fn.end.storm = { iova: BigInt(iova), pages, block, refused: false };
      return succeed();
    },
  },
  "storm-end": {
    ground: "Nothing is asked of the host",
    predict: (host, { function: name }) => {
      const fn = served(host, name, ["stormer"]);
      const { storm } = fn.end;
      if (storm === null) return succeed({ refused: host.has("reset-stops-at-zpci") ? anything : false });
      fn.end.storm = null;
      // What was on its way is refused still.
      if (storm.refused !== false && !fn.inError) {
        host.giveUp();
        mayTellDriver(fn);
      }
      return succeed({ refused: storm.refused === "unknown" ? anything : storm.refused });
    },
  },
  "function-dies": {
    ground:
      'vfio-user protocol, "Server Disconnection": the host hears of it; QEMU hw/vfio-user/proxy.c, vfio_user_send_qio: from then on ' +
      "what QEMU has to tell the function fails, and the guest's RPCIT does not",
    predict: (host, { function: name, at }) => {
      const fn = served(host, name, null);
      if (!fn.end.connected) throw new ScenarioMistake(`Function "${name}" is dead already`);
      if (at === "now") host.devices.die(fn);
      else fn.end.diesAt = at;
      return succeed();
    },
  },
  "function-returns": {
    ground: "QEMU hw/vfio-user/proxy.c: a connection is made once, by vfio_user_connect_dev",
    predict: (host, { function: name }) => {
      const fn = served(host, name, null);
      if (fn.end.connected) throw new ScenarioMistake(`Function "${name}" is not dead`);
      fn.end.returned = true;
      return succeed();
    },
  },
  misbehave: {
    ground:
      "QEMU hw/vfio-user/pci.c, vfio_user_pci_process_req, vfio_user_dma_read and vfio_user_dma_write; proxy.c, vfio_user_recv_one: " +
      "each is refused or passed over, and the host does not notice",
    predict: (host, { function: name, how }) => {
      served(host, name, ["rude"]);
      if (how === "reply-to-nothing") return succeed({ answer: "none" });
      // Nothing was to be moved: whether that is well done or refused is a matter of taste.
      if (how === "empty-write") return succeed({ answer: { $oneOf: ["success", "refused"] } });
      return succeed({ answer: "refused" });
    },
  },
};
