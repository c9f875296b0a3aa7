/** Options that several commands take, and how their values are read. */
import { resolve } from "node:path";
import { InvalidArgumentError, Option, type Command } from "commander";
import { exchangeTargets, type ExchangeTarget } from "../../src/scenario/exchangeable.ts";
import { nearestOf } from "../../src/scenario/nearest.ts";
import { stepLimit } from "../../src/scenario/parse.ts";
import { seedLimit as sequenceSeedLimit } from "../../src/explore/random.ts";
import type { FileReport } from "../report/file-reporter.ts";
import { reportFormatNames } from "../report/report-formats.ts";
import { seedLimit } from "../run/order.ts";
import { scenariosFolder } from "../scenarios/read-scenarios.ts";
import type { Selection } from "../scenarios/select-scenarios.ts";

/** Which scenarios, as commander hands it over. */
export interface SelectionFlags {
  readonly tag: readonly string[];
  readonly without: readonly string[];
  readonly seed: readonly string[];
  readonly device?: readonly ExchangeTarget[];
  readonly scenarios?: string;
}

/** Help on what NAME may be. */
export const nameHelp = 'names, globs ("dma-*", quoted) or paths of YAML files; all scenarios where none is given';

/** Adds the options that select scenarios. */
export function addSelectionOptions(command: Command): Command {
  return command
    .addOption(repeatable("--tag <tag>", "only scenarios with this tag; repeat for any of several"))
    .addOption(repeatable("--without <tag>", "no scenario with this tag; repeat for more"))
    .addOption(
      repeatable("--seed <document>", "only scenarios that decide a claim of this seed document, such as 002"),
    )
    .addOption(
      new Option(
        "--device <device>",
        `put scenarios on this device, NAME@DEVICE, in place of what QEMU emulates in them: ${exchangeTargets.join(", ")}; ` +
          "repeat for more",
      )
        .argParser(collectDevice)
        .default([], "what is written"),
    )
    .option("--scenarios <dir>", "look for scenarios in this folder instead of the project's own");
}

/** The selection that arguments and options make. */
export function readSelection(names: readonly string[], flags: SelectionFlags, workingFolder: string): Selection {
  const folder = flags.scenarios === undefined ? scenariosFolder : resolve(workingFolder, flags.scenarios);
  const { tag: tags, without, seed: seeds, device: devices = [] } = flags;
  return { names, tags, without, seeds, devices, folder, workingFolder };
}

/** The option that names another QEMU. */
export const qemuOption = (): Option =>
  new Option(
    "--qemu <program>",
    "use this qemu-system-s390x instead of the prepared one; or Debian's of a version, debian/10.0 (ZHIL_QEMU)",
  );

/** The option that names the configuration of a real host. */
export const configOption = (): Option =>
  new Option("--config <file>", "the configuration that describes the host of bench lpar (default: zhil.config.ts)");

/** The option that has kernels judged by the rules of another version. */
export const asOption = (): Option =>
  new Option(
    "--as <version>",
    "judge by what the model expects of Linux of this version, such as 6.12, whatever runs: what is done otherwise fails",
  ).argParser(parseKernelVersion);

function parseKernelVersion(text: string): string {
  if (/^\d+\.\d+(\.\d+)*$/u.test(text)) return text;
  throw new InvalidArgumentError("Expected a version such as 6.12.");
}

/** The option that says how many run at a time, of what. */
export const jobsOption = (what = "scenarios"): Option =>
  new Option(
    "-j, --jobs <n>",
    `${what} at a time (default: two for each processor, fewer where memory is short)`,
  ).argParser(parseJobs);

/** The option that says where a run leaves its evidence. */
export const evidenceOption = (): Option => new Option("--out <dir>", "where evidence goes").default("zhil-runs");

/** Reads a number of jobs. */
export function parseJobs(text: string): number {
  const jobs = Number(text);
  if (!Number.isInteger(jobs) || jobs < 1 || jobs > 1024) {
    throw new InvalidArgumentError("Expected a number of scenarios at a time, 1 or more.");
  }
  return jobs;
}

/** Reads the seed of a random order. */
export function parseOrderSeed(text: string): number {
  const seed = Number(text);
  if (!/^\d+$/u.test(text) || seed >= seedLimit) {
    throw new InvalidArgumentError(`Expected a whole number from 0 to ${seedLimit - 1}.`);
  }
  return seed;
}

/** Reads one `--report`, beside those before it. */
export function collectReport(text: string, earlier: readonly FileReport[]): FileReport[] {
  const [name = "", ...rest] = text.split("=");
  const file = rest.join("=");
  const format = reportFormatNames.find((each) => each === name);
  if (format !== undefined && file !== "") return [...earlier, { format, file }];
  throw new InvalidArgumentError(`Expected FORMAT=FILE, with ${reportFormatNames.join(", ")} for a format.`);
}

const units: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000 };

/** Reads a number of which there is one at least. */
export function parseCount(text: string): number {
  const count = Number(text);
  if (/^\d{1,9}$/u.test(text) && count > 0) return count;
  throw new InvalidArgumentError("Expected a whole number from 1 on.");
}

/** Reads how many operations a sequence may have: a scenario, as which a finding is kept, has no more steps. */
export function parseLength(text: string): number {
  const length = Number(text);
  if (/^\d{1,9}$/u.test(text) && length > 0 && length <= stepLimit) return length;
  throw new InvalidArgumentError(`Expected a whole number from 1 to ${stepLimit}: a scenario has no more steps.`);
}

/** Reads a duration such as `90s`, `10m` or `8h`, as milliseconds. */
export function parseDuration(text: string): number {
  const read = /^(\d{1,6})([smh])$/u.exec(text);
  const milliseconds = Number(read?.[1]) * (units[read?.[2] ?? ""] ?? Number.NaN);
  if (milliseconds > 0) return milliseconds;
  throw new InvalidArgumentError("Expected a duration such as 90s, 10m or 8h.");
}

/** Reads the seed of random sequences. */
export function parseSeed(text: string): number {
  const seed = Number(text);
  if (/^\d+$/u.test(text) && seed < sequenceSeedLimit) return seed;
  throw new InvalidArgumentError(`Expected a whole number from 0 to ${String(sequenceSeedLimit - 1)}.`);
}

/** Reads one `--device`, beside those before it. */
function collectDevice(text: string, earlier: readonly ExchangeTarget[]): ExchangeTarget[] {
  const device = exchangeTargets.find((each) => each === text);
  if (device !== undefined) return [...earlier, device];
  const near = nearestOf(text, exchangeTargets);
  throw new InvalidArgumentError(
    `Expected ${exchangeTargets.join(", ")}${near === null ? "" : `: did you mean "${near}"?`}.`,
  );
}

const repeatable = (flags: string, description: string): Option =>
  new Option(flags, description).argParser(collect).default([], "any");

const collect = (value: string, earlier: readonly string[]): string[] => [...earlier, value];
