/** A machine of a night: had or not, here or by a crew. */
import { resolve } from "node:path";
import { locateQemu } from "../assets/fetch-qemu.ts";
import { describeError } from "../errors/describe-error.ts";
import { HarnessError } from "../errors/harness-error.ts";
import { locateKernel } from "../kernel/debian-name.ts";
import { quoteForShell } from "../qemu/quote-for-shell.ts";
import type { NightMachine } from "./config.ts";
import { writeMachine, type Night } from "./night-folder.ts";
import type { MachineResult, NightResult } from "./night-result.ts";
import type { NightRun } from "./night-run.ts";
import { MachineLostError, performHere, type Performer } from "./performer.ts";
import { runMachine } from "./run-machine.ts";

/**
 * Runs a machine's scenarios. One that cannot be had is a result: the others have their turn.
 * @throws the signal's reason where it is aborted; {InfrastructureError} where evidence cannot be written
 */
export async function tryMachine(
  run: NightRun,
  night: Night,
  machine: NightMachine,
  before: NightResult | null,
): Promise<MachineResult> {
  const { signal, report, selected } = run;
  const begin = performance.now();
  const lose = (error: HarnessError): MachineResult => {
    report({ kind: "note", text: `Cannot have ${machine.name}: ${error.what}` });
    const result = { ...machine, ran: null, units: [], seconds: (performance.now() - begin) / 1000 };
    return { ...result, problem: describeError(error).join("; ") };
  };
  let performer: Performer & AsyncDisposable;
  try {
    performer = await openPerformer(run, night, machine);
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof HarnessError)) throw error;
    return lose(error);
  }
  await using opened = performer;
  try {
    const result = await runMachine({
      ...{ signal, night, machine, selected, performer: opened, attempts: run.config.attempts },
      before: before?.machines.find(({ name }) => name === machine.name) ?? null,
    });
    writeMachine(night, result);
    return result;
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof MachineLostError)) throw error;
    return lose(error);
  }
}

async function openPerformer(
  run: NightRun,
  night: Night,
  machine: NightMachine,
): Promise<Performer & AsyncDisposable> {
  const { config, folder, ledger, jobs, reporters, report, signal, crew } = run;
  const { bench: name, kernel, qemu } = machine;
  const choice = {
    ...{ name, boot: config.boot },
    kernel: kernel === "" || kernel === "lean" ? null : locateKernel(kernel, folder),
    qemu: qemu === "" || qemu === "newest" ? null : locateQemu(qemu, resolve(folder)),
  };
  if (crew !== null) return crew.hire({ night, machine, choice, reporters, ledger, report, signal });
  const bench = await run.openBench({ ...choice, report, signal });
  const where = run.scenariosFolder === null ? [] : ["--scenarios", run.scenariosFolder];
  const performer = performHere({
    ...{ bench, ledger, jobs, reporters, signal },
    reproduce: (scenario) => quoteForShell(["zhil", "run", scenario.name, ...bench.options, ...where]),
  });
  return { ...performer, [Symbol.asyncDispose]: () => bench[Symbol.asyncDispose]() };
}
