/**
 * The reference emulator: predicts what every operation of a plan must show, for the plan's profile.
 *
 * It is written from kernel source, architecture and seed documents, each rule naming its ground, and never from what a
 * run printed.
 */
import type { Expectation } from "../compare/compare.ts";
import { anything, type Pattern } from "../compare/pattern.ts";
import { AnswerBook } from "../operation/answers.ts";
import { stopsOf, type InterjectionResult } from "../operation/during.ts";
import type { InsideOperation, Operation, OperationFields, OperationName } from "../operation/operation.ts";
import type { Plan } from "../plan/plan.ts";
import { traitsOf } from "../trace/device-kinds.ts";
import type { Profile } from "../trace/profile.ts";
import { chooseEndForMemory, deviceWithoutMemory, messagesWithoutMemory, withInjected } from "./allocation.ts";
import { Choices, type Choice, type Script } from "./choices.ts";
import { cloneState } from "./clone-state.ts";
import { Host } from "./host.ts";
import { describeHostLane } from "./host-lane.ts";
import { isOldLine } from "./old-line.ts";
import { ScenarioMistake } from "./scenario-mistake.ts";
import { initialState } from "./initial-state.ts";
import { Inside, requireHandles } from "./inside.ts";
import type { QuirkName } from "./quirks.ts";
import { orderTables } from "./io-pagetable.ts";
import { endInside } from "./recovery.ts";
import { describeGiven, withResults } from "./results.ts";
import type { Rule, Rules } from "./rule.ts";
import { flushAtPoint } from "./table.ts";
import { cdevRules } from "./rules/cdev.ts";
import { deviceRules } from "./rules/device.ts";
import { dmaRules } from "./rules/dma.ts";
import { eventRules } from "./rules/events.ts";
import { domainRules } from "./rules/domain.ts";
import { driverRules } from "./rules/driver.ts";
import { functionRules, isThere } from "./rules/function.ts";
import { removalRules } from "./rules/removal.ts";
import { interruptRules } from "./rules/interrupts.ts";
import { doDmaAtPoint, goOn, servedRules } from "./rules/served.ts";
import { iommufdRules } from "./rules/iommufd.ts";
import { faultRules } from "./rules/faults.ts";
import { optionRules } from "./rules/iommufd-options.ts";
import { mockAccessRules } from "./rules/mock-access.ts";
import { onHostRules } from "./rules/on-host.ts";
import { oddCallRules } from "./rules/odd-calls.ts";
import { mockPasidRules } from "./rules/mock-pasid.ts";
import { mockRules } from "./rules/mock.ts";
import { mockViommuRules } from "./rules/mock-viommu.ts";
import { type1Rules } from "./rules/type1.ts";
import { describeCounters, dropUnusedDomains, type HostState, type ModelFunction } from "./state.ts";

/** The rule of every operation. */
export const rules: Rules<OperationName> = {
  ...functionRules,
  ...eventRules,
  ...removalRules,
  ...domainRules,
  ...driverRules,
  ...cdevRules,
  ...iommufdRules,
  ...type1Rules,
  ...deviceRules,
  ...interruptRules,
  ...dmaRules,
  ...servedRules,
  ...mockRules,
  ...mockPasidRules,
  ...faultRules,
  ...mockViommuRules,
  ...mockAccessRules,
  ...optionRules,
  ...oddCallRules,
  ...onHostRules,
};

/** What the model was written for; beyond it the nearest end of a range is used, and the judgement says so. */
export const knownVersions = {
  kernel: { oldest: "6.1", newest: "7.2" },
  qemu: { oldest: "10.0", newest: "11.1" },
} as const;

/** Kernels within that range that nobody read: they are judged as the first after them. */
export const unknownKernels = { from: "6.2", before: "6.12" } as const;

/**
 * A function as its host must see it.
 * Ground: arch/s390/pci/pci_debug.c: the file is there while the PCI device is enabled, here while VFIO has it open or the
 * kernel's own driver has it, pci_perf_show has nothing to say without a measurement block, and pci_sw_counter_show prints the
 * counters of the domain attached now, none for a blocking one. Up to 6.1 (s390's DMA API, arch/s390/pci/pci_dma.c) they are the
 * function's own, count nothing of domains, and are not looked at.
 */
function viewOf(fn: ModelFunction, state: HostState, hasDomainCounters: boolean): Pattern {
  const attached =
    fn.inUse && fn.measured && fn.configured && fn.domain !== null ? state.domains[fn.domain] : undefined;
  const domain = fn.driven ?? attached;
  return {
    driver: fn.driver,
    enabled: fn.configured && !fn.removed ? !fn.disabled : null,
    counters: domain === undefined || !hasDomainCounters ? null : describeCounters(domain.counters),
  };
}

/** What the kernel must say in a step. */
function describeMessages({ predictable, messages, repeated, again, devices }: Host): Pattern {
  if (!predictable) return anything;
  // How a host is told of a death is left open, and what it says then.
  const isOpen = repeated !== null || devices.hasNews;
  if (isOpen && messages.length > 0) return anything;
  if (repeated !== null) return { $each: repeated };
  if (again !== null) {
    const { after, message } = again;
    const said = (times: number): Pattern => messages.toSpliced(after, 0, ...Array<string>(times).fill(message));
    return { $oneOf: Array.from({ length: mostRequests }, (_, times) => said(times)) };
  }
  return devices.hasNews ? { $not: [] } : messages;
}

/** More often than that nobody is asked again in a scenario. */
const mostRequests = 60;

const doAtPoint = (host: Host, operation: InsideOperation): InterjectionResult =>
  operation.op === "flush" ? flushAtPoint(host, operation) : doDmaAtPoint(host, operation);

/** The state after an operation, and what the operation must show. */
export interface Step {
  readonly state: HostState;
  readonly expectation: Expectation;
  /** Choices that were taken in this step. */
  readonly choices: readonly Choice[];
}

/**
 * Predicts one operation; the given state is not changed.
 * @throws ScenarioMistake where the operation has no meaning in this state
 */
export function step(
  state: HostState,
  operation: Operation,
  profile: Profile,
  quirks: ReadonlySet<QuirkName> = new Set(),
  choices = new Choices([]),
): Step {
  const next = cloneState(state);
  const stops = stopsOf(operation);
  const inside = new Inside(stops, (inside) => doAtPoint(host, inside));
  const answers = operation.answers ?? [];
  const book = new AnswerBook(answers);
  const host: Host = new Host(next, profile, quirks, choices, inside, book);
  const rule = rules[operation.op] as Rule<OperationName>;
  if (state.lost) return { state: next, expectation: leaveOpen(anything, anything), choices: [] };
  requireHandles(stops, (name) => isThere(host.fn(name)));
  const outcome =
    chooseEndForMemory(host, operation) ?? rule.predict(host, operation as OperationFields<OperationName>);
  endInside(host);
  orderTables(host);
  for (const fn of Object.values(next.functions)) goOn(host, fn, state);
  dropUnusedDomains(next);
  const functions: Record<string, Pattern> = {};
  const devices: Record<string, Pattern> = {};
  for (const fn of Object.values(next.functions).filter(({ plugged }) => plugged)) {
    functions[fn.profile.name] = viewOf(fn, next, !isOldLine(host));
    if (!traitsOf(fn.profile).served) continue;
    devices[fn.profile.name] = deviceWithoutMemory(host.devices.describe(fn, host.tableOf(fn)), operation);
  }
  const during = operation.during === undefined ? {} : { during: inside.results };
  const answered = answers.length === 0 ? {} : { answered: describeGiven(answers, book.given, quirks.size > 0) };
  const isPlain = operation.during === undefined && answers.length === 0;
  const values = isPlain ? outcome.values : withResults(outcome.values, { ...during, ...answered });
  const expectation: Expectation = {
    result: outcome.result,
    values: withInjected(values, operation),
    functions,
    messages: operation.failNth === undefined ? describeMessages(host) : messagesWithoutMemory,
    memory: host.predictable ? host.memory : anything,
    blocks: host.predictable ? host.blocks : anything,
    ...(Object.keys(devices).length === 0 ? {} : { devices }),
    ...(profile.host === undefined ? {} : { host: describeHostLane(host) }),
    alarms: host.alarms,
  };
  if (host.ended) {
    next.lost = true;
    const lane = profile.host === undefined ? {} : { host: describeHostLane(host) };
    return { state: next, expectation: { ...leaveOpen("stopped", anything), ...lane }, choices: choices.made };
  }
  if (host.stopped) {
    next.lost = true;
    return { state: next, expectation: leaveOpen("stopped", anything), choices: choices.made };
  }
  return {
    state: next,
    expectation: next.lost ? leaveOpen(host.seen(outcome.result), outcome.values) : expectation,
    choices: choices.made,
  };
}

/** What is expected of a kernel of which nothing can be said any more; the step that made it so has a result to be judged. */
function leaveOpen(result: Pattern, values: Pattern): Expectation {
  const open = { functions: anything, messages: anything, memory: anything, blocks: anything };
  return { result, values, ...open, devices: { $maybe: anything }, host: { $maybe: anything }, alarms: anything };
}

/** A step of which its author knows more than the model can: what a function of one's own writes meanwhile. */
export function narrow(predicted: Step, expectedMemory: Readonly<Record<string, string>> | undefined): Step {
  if (expectedMemory === undefined) return predicted;
  const { state, expectation } = predicted;
  const uncertainPages = state.uncertainPages.filter((page) => !(page in expectedMemory));
  return {
    ...predicted,
    state: { ...state, uncertainPages, memory: { ...state.memory, ...expectedMemory } },
    expectation: { ...expectation, memory: { ...(expectation.memory as object), ...expectedMemory } },
  };
}

/**
 * Predicts a step of a plan, by its index, from the state before it; what is to choose in it goes as told.
 * @throws ScenarioMistake naming the step that has no meaning
 */
export function predictStep(
  plan: Plan,
  index: number,
  state: HostState,
  quirks: ReadonlySet<QuirkName>,
  told: readonly number[] = [],
): Step {
  const planned = plan.steps[index];
  if (planned === undefined) throw new RangeError(`The plan has no step ${String(index + 1)}`);
  const { operation, expectedMemory } = planned;
  try {
    return narrow(step(state, operation, plan.profile, quirks, new Choices(told)), expectedMemory);
  } catch (error) {
    if (!(error instanceof ScenarioMistake)) throw error;
    throw new ScenarioMistake(`Step ${String(index + 1)} of "${plan.scenario}" (${operation.op}): ${error.message}`);
  }
}

/**
 * Predicts a plan, taking choices as the script says: the steps after those that are `known` already.
 * @throws ScenarioMistake naming the step that has no meaning
 */
export function predict(
  plan: Plan,
  quirks: ReadonlySet<QuirkName> = new Set(),
  script: Script = [],
  known: readonly Step[] = [],
): Step[] {
  const steps: Step[] = [];
  let state = known.at(-1)?.state ?? initialState(plan);
  for (let index = known.length; index < plan.steps.length; index++) {
    const predicted = predictStep(plan, index, state, quirks, script[index]);
    steps.push(predicted);
    state = predicted.state;
  }
  return steps;
}
