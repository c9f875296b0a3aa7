/** The platform underneath: what zPCI instructions come to, where the hypervisor has its say and where a scenario has. */
import type { AnswerBook, Asked, Said } from "../operation/answers.ts";
import { tableLast } from "../zpci/aperture.ts";
import type { DeviceEnds } from "./device-ends.ts";
import type { Inside } from "./inside.ts";
import type { QuirkName } from "./quirks.ts";
import { ScenarioMistake } from "./scenario-mistake.ts";
import { loseShadow, type ModelFunction } from "./state.ts";

/** What a zPCI instruction ends with. */
export interface Told {
  readonly cc: number;
  readonly status: number;
  /** Response code of CLP; success, 0x10, where that is not what it is about. */
  readonly response: number;
  /** The hypervisor did what it was told all the same. */
  readonly done: boolean;
  /** What its own response says otherwise. */
  readonly says: Said;
}

/** What of a host has to do with the platform. */
export interface Platform {
  readonly answers: AnswerBook;
  readonly devices: DeviceEnds;
  readonly inside: Pick<Inside, "pass">;
  say(message: string): void;
  has(quirk: QuirkName): boolean;
  reachOf(fn: ModelFunction): { readonly tableLast: bigint };
  kernelIs(version: string): boolean;
}

/** Response codes of CLP (arch/s390/include/asm/pci_clp.h). */
export const responses = { ok: 0x10, notForState: 0x102, alreadySo: 0x105, busy: 0x108 } as const;

/** Most times that Set PCI Function is tried while the function is busy (pci_clp.c, clp_set_pci_fn: retries). */
const busyLimit = 100;

/**
 * What the kernel is told of an instruction; null where the hypervisor has its say. While it is told that the function is busy
 * it asks again.
 * Ground: arch/s390/pci/pci_insn.c, zpci_mod_fc and zpci_refresh_trans: cc 2 is tried again without end; pci_clp.c,
 * clp_set_pci_fn: response 0x0108 a hundred times.
 */
export function ask(host: Platform, asked: Asked, isBusySeen = (): void => undefined): Told | null {
  for (let tries = 0; ; tries += 1) {
    const answer = host.answers.take(asked);
    if (answer === null) return null;
    const told: Told = {
      cc: answer.cc,
      status: answer.instruction === "clp" ? 0 : (answer.status ?? 0),
      response: answer.instruction === "clp" ? Number(answer.response ?? responses.ok) : responses.ok,
      done: answer.done,
      says: answer.instruction === "clp" ? (answer.says ?? {}) : {},
    };
    const isBusy = asked.instruction === "clp" ? told.response === responses.busy : told.cc === 2;
    if (!isBusy) return told;
    isBusySeen();
    if (told.done) throw new ScenarioMistake("A function that is busy does nothing: leave out done");
    if (asked.instruction === "clp" && tries === busyLimit) return told;
  }
}

/** What Linux makes of how CLP ended: 0, the condition code or the response code (pci_clp.c, clp_set_pci_fn). */
export const callResult = (told: Told | null): number =>
  told === null ? 0 : told.cc !== 0 ? told.cc : told.response === responses.ok ? 0 : told.response;

/** What the kernel says of an instruction that failed, in the words of zpci_dbg: status as a decimal number. */
export const describeTold = ({ cc, status }: Pick<Told, "cc" | "status">): string =>
  `cc=${String(cc)} status=${String(status)}`;

/** The same where zpci_dbg has a hexadecimal one. */
export const describeToldInHex = ({ cc, status }: Pick<Told, "cc" | "status">): string =>
  `cc=${String(cc)} status=${status.toString(16)}`;

/** Status codes of QEMU and the architecture (hw/s390x, ZPCI_MOD_ST_*; arch/s390/include/asm/pci_insn.h, ZPCI_PCI_ST_*). */
const statuses = { outOfSequence: 24, notAvailable: 40 } as const;

/** What the hypervisor says of a function that is disabled. */
const noSuchFunction = { cc: 3, status: 0 } as const;
const outOfSequence = { cc: 1, status: statuses.outOfSequence } as const;

/**
 * Unregisters a function's table; true where none is registered after.
 * Ground: arch/s390/pci/pci.c, zpci_unregister_ioat, of which s390-iommu.c, blocking_domain_attach_device, does not look at
 * what it returns. Contract (drivers/iommu/iommufd/device.c, iommufd_device_detach: "returns back to a blocked DMA
 * translation"): DMA is blocked all the same. Quirk: the table stays.
 */
export function unregisterIoat(host: Platform, fn: ModelFunction): boolean {
  const { name } = fn.profile;
  const given = ask(host, { instruction: "mpcifc", control: "unregister-ioat", of: name });
  const own = fn.disabled ? noSuchFunction : fn.unregistered && fn.left === null ? outOfSequence : null;
  const told = given ?? own;
  if (told !== null && told.cc !== 0) host.say(`${name} unregister-ioat ${describeTold(told)}`);
  if (given?.cc === 0 && !given.done && own === null) {
    throw new ScenarioMistake(`QEMU goes on with the table of "${name}": have it unregister that`);
  }
  if (given === null || given.done || own !== null || !host.has("refused-unregister-keeps-table")) return true;
  fn.left ??= fn.domain ?? "default";
  return false;
}

/**
 * Whether a failure to register a table is one to the kernel.
 * Ground: s390-iommu.c, reg_ioat_propagate_error: a function in the error state gets its table when it is reset, one that is gone
 * is torn down by an event. Up to 6.1 every condition code but 0 is an error (s390_iommu_attach_device). Before
 * 6.16.9 an invalid handle is an error ("iommu/s390: Make attach succeed when the device was surprise removed").
 */
const isFailure = (host: Platform, { cc, status }: Pick<Told, "cc" | "status">): boolean => {
  if (cc === 0) return false;
  if (!host.kernelIs("6.2")) return true;
  if (cc === 1 && status === statuses.notAvailable) return false;
  return !(cc === 3 && host.kernelIs("6.16.9"));
};

/**
 * What the kernel is told when it registers a table; null where QEMU does so.
 * @throws ScenarioMistake where QEMU takes no such table, and ends the instruction with a program exception
 */
export function askToRegister(host: Platform, fn: ModelFunction, isBusySeen?: () => void): Told | null {
  const { name } = fn.profile;
  const told = ask(host, { instruction: "mpcifc", control: "register-ioat", of: name }, isBusySeen);
  const isLeftToQemu = told === null || told.done;
  const isForeign = host.reachOf(fn).tableLast > tableLast || (fn.onDefault && fn.defaultType === "identity");
  if (!isLeftToQemu || !isForeign) return told;
  throw new ScenarioMistake(`QEMU registers region-third tables alone: have register-ioat of "${name}" answered`);
}

/** How a registration ends: not every condition code is an error to who attaches (see isFailure). */
interface Registration {
  readonly result: "OK" | "EIO";
  readonly cc: number;
}

/**
 * Registers a domain's table for a function: `OK`, or the errno that attaching it ends with, and the condition code.
 * Ground: s390-iommu.c, s390_iommu_attach_device; QEMU hw/s390x/s390-pci-inst.c, mpcifc_service_call: out of sequence where one
 * is registered.
 */
export function registerIoat(host: Platform, fn: ModelFunction, domain: string): Registration {
  const { name } = fn.profile;
  const given = askToRegister(host, fn);
  const own = fn.disabled ? noSuchFunction : fn.left !== null ? outOfSequence : null;
  const told = given ?? own;
  if (told !== null && told.cc !== 0) host.say(`${name} register-ioat ${describeTold(told)}`);
  const isRegistered = own === null && (given === null || given.done);
  if (told !== null && isFailure(host, told)) {
    if (isRegistered) fn.left = domain;
    return { result: "EIO", cc: told.cc };
  }
  fn.unregistered = !isRegistered;
  return { result: "OK", cc: told?.cc ?? 0 };
}

/**
 * The kernel's own domain takes a function back, which it takes for certain (drivers/iommu/iommu.c, __iommu_group_set_domain_nofail).
 * Up to 6.1 it is a table that the DMA API makes anew: where that is not registered there is none, and nobody is told
 * (s390_iommu_detach_device, which does not look at what zpci_dma_init_device returns).
 */
export function registerDefault(host: Platform, fn: ModelFunction): void {
  const { name } = fn.profile;
  const isThere = fn.configured && !fn.removed;
  if (isThere) host.inside.pass("before-register", name);
  fn.onDefault = true;
  const { result, cc } = isThere ? registerIoat(host, fn, "default") : ({ result: "OK", cc: null } as const);
  if (cc === 0) host.inside.pass("after-register", name);
  const isRegistered = result === "OK";
  if (!isRegistered && !host.kernelIs("6.2")) fn.onDefault = false;
  else if (!isRegistered) {
    throw new ScenarioMistake(
      `The kernel takes it for certain that "${name}" goes back to its default domain, and warns: have that succeed`,
    );
  }
}

/**
 * The function is disabled: nothing is left of its table, of its error state, of what it was told.
 * Ground: QEMU s390-pci-bus.c, s390_pci_device_reset; arch/s390/pci/pci.c, zpci_hot_reset_device.
 */
export function disableOnPlatform(host: Platform, fn: ModelFunction): void {
  host.devices.empty(fn);
  host.devices.reset(fn, true);
  // It forgets what it was told to do.
  const { held, storm } = fn.end;
  if ((held !== null || storm !== null) && !host.has("reset-stops-at-zpci")) {
    Object.assign(fn.end, { held: null, storm: null });
  }
  loseShadow(fn);
  fn.kept = new Map();
  fn.inError = false;
  fn.left = null;
  fn.unregistered = false;
  if (fn.controller !== "off" && !host.has("reset-stops-at-zpci")) fn.controller = "off";
  fn.disabled = true;
}

/**
 * Disables a function; `say` gets what the kernel says. `EINVAL`: it was so already, as the handle says that is asked for anew; what
 * that counts for is the caller's affair.
 * Ground: arch/s390/pci/pci.c, zpci_disable_device; pci_clp.c, clp_disable_fh.
 */
export function disableFunction(
  host: Platform,
  fn: ModelFunction,
  say: (what: string) => void,
): "OK" | "EIO" | "EINVAL" {
  const { name } = fn.profile;
  const told = ask(host, { instruction: "clp", command: "disable", of: name });
  const result = callResult(told);
  if (told?.done === true && result !== responses.alreadySo) {
    throw new ScenarioMistake(
      "A function that is disabled while the kernel is told of an error has two handles at once",
    );
  }
  say(result === 0 ? "disable" : `disable rc=${String(result)}`);
  if (told === null || told.done) disableOnPlatform(host, fn);
  if (result === 0) return "OK";
  return result === responses.alreadySo && ask(host, { instruction: "clp", command: "list", of: null }) === null
    ? "EINVAL"
    : "EIO";
}

/**
 * Enables a function.
 * Ground: arch/s390/pci/pci.c, zpci_enable_device; pci_clp.c, clp_enable_fh; QEMU s390-pci-inst.c, clp_service_call: one that is
 * enabled cannot be enabled.
 */
export function enableFunction(host: Platform, fn: ModelFunction, say: (what: string) => void): "OK" | "EIO" {
  const told = ask(host, { instruction: "clp", command: "enable", of: fn.profile.name });
  if (told?.done === true) {
    throw new ScenarioMistake(
      "A function that is enabled while the kernel is told of an error has two handles at once",
    );
  }
  const result = told === null && !fn.disabled ? responses.notForState : callResult(told);
  say(result === 0 ? "enable" : `enable rc=${String(result)}`);
  if (result !== 0) return "EIO";
  fn.disabled = false;
  return "OK";
}
