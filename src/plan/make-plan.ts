/** Making a plan: names become functions with UID and FID, addresses become numbers. */
import {
  operationFields,
  insideFields,
  type InsideOperation,
  type Interjection,
  type Operation,
} from "../operation/operation.ts";
import { ScenarioError } from "../scenario/parse.ts";
import { kindOf, type Scenario, type ScenarioStep } from "../scenario/scenario.ts";
import type { FunctionProfile, Profile } from "../trace/profile.ts";
import { apertureOf, type Aperture } from "../zpci/aperture.ts";
import { maxU64, toHex } from "../zpci/iova.ts";
import type { Plan } from "./plan.ts";

/** First UID given to a function; its PCI domain is the same number. */
const firstUid = 1;
/** First FID given to a function. */
const firstFid = 0x20;

/**
 * The plan of a scenario on a bench.
 * @throws ScenarioError where an address leaves the 64-bit space
 */
export function makePlan(scenario: Scenario, bench: Omit<Profile, "functions">): Plan {
  const functions: FunctionProfile[] = Object.entries(scenario.functions).map(([name, device], index) => ({
    name,
    ...describeDevice(device, scenario.file),
    uid: firstUid + index,
    fid: firstFid + index,
  }));
  const told = addLimit(addParameters(bench, scenario.kernelParameters), scenario.dmaEntryLimit);
  const aperture = apertureOf(told);
  return {
    scenario: scenario.name,
    functions,
    buffers: Object.entries(scenario.buffers).map(([name, pages]) => ({ name, pages })),
    steps: scenario.steps.map((step, index) => ({
      operation: makeStep(step, aperture, scenario, index),
      note: step.note,
      ...(step.expect === undefined ? {} : { expectedMemory: step.expect.memory }),
    })),
    profile: { ...told, functions },
  };
}

/** The profile of a kernel that is told more on its command line. */
function addParameters(bench: Omit<Profile, "functions">, parameters: readonly string[]): Omit<Profile, "functions"> {
  const { kernel } = bench;
  const commandLine = [kernel.commandLine, ...parameters].filter((part) => part !== "").join(" ");
  return { ...bench, kernel: { ...kernel, commandLine } };
}

/** The profile of a guest whose host allows fewer mappings than usual. */
function addLimit(bench: Omit<Profile, "functions">, dmaEntryLimit: number | undefined): Omit<Profile, "functions"> {
  const { host } = bench;
  return host === undefined || dmaEntryLimit === undefined ? bench : { ...bench, host: { ...host, dmaEntryLimit } };
}

/** A module lies where the scenario's file says, seen from that file. */
function describeDevice(device: string, file: string): Pick<FunctionProfile, "device" | "module"> {
  const kind = kindOf(device);
  if (kind !== "own") return { device: kind };
  return { device: kind, module: device.startsWith("/") ? device : `${file.replace(/[^/]*$/u, "")}${device}` };
}

/** An operation with what is done inside it. */
function makeStep(step: ScenarioStep, aperture: Aperture, scenario: Scenario, index: number): Operation {
  const made = makeOperation(step, aperture, scenario, index);
  const operation = {
    ...made,
    ...(step.answers.length === 0 ? {} : { answers: step.answers }),
    ...(step.failNth === undefined ? {} : { failNth: step.failNth }),
  };
  if (step.during.length === 0) return operation;
  const during = step.during.map(({ at, of, op, fields }): Interjection => {
    const numbers = insideFields[op].parse(evaluateFields(fields, aperture, scenario, index));
    return { at, ...(of === undefined ? {} : { of }), operation: { op, ...numbers } as InsideOperation };
  });
  return { ...operation, during };
}

function makeOperation(step: ScenarioStep, aperture: Aperture, scenario: Scenario, index: number): Operation {
  const fields = evaluateFields(step.fields, aperture, scenario, index);
  return { op: step.op, ...operationFields[step.op].parse(fields) } as Operation;
}

/** Fields with their addresses made numbers. */
function evaluateFields(
  fields: ScenarioStep["fields"],
  aperture: Aperture,
  scenario: Scenario,
  index: number,
): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields).map(([key, value]) => {
      if (key !== "iova" && key !== "source") return [key, value];
      const address = evaluateAddress(value as string, aperture);
      if (address < 0n || address > maxU64) {
        throw new ScenarioError(
          scenario.file,
          0,
          `step ${String(index + 1)}: "${String(value)}" is not a 64-bit address`,
        );
      }
      return [key, toHex(address)];
    }),
  );
}

/** The number an address of the scenario language stands for, `base` being the aperture's first IOVA and `last` its last. */
export function evaluateAddress(text: string, aperture: Aperture): bigint {
  const relative = /^(base|last)(?:([+-])(0x[0-9a-f]+))?$/u.exec(text);
  if (relative === null) return BigInt(text);
  const origin = relative[1] === "base" ? aperture.first : aperture.last;
  const offset = BigInt(relative[3] ?? "0x0");
  return relative[2] === "-" ? origin - offset : origin + offset;
}
