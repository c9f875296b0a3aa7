import { mkdtemp } from "node:fs/promises";
import { join, resolve } from "node:path";
import { recognise } from "../../../src/bisect/signature.ts";
import type { TreeKernel } from "../../kernel/tree-kernel.ts";
import { KernelBuildError } from "../../kernel/build-kernel.ts";
import { sayWhy, tryKernel } from "../../bisect/try-kernel.ts";
import { firstError } from "../../errors/describe-error.ts";
import { UsageError } from "../../errors/harness-error.ts";
import { makeFolders } from "../../lifecycle/make-folders.ts";
import { escapeLine } from "../../report/escape.ts";
import { createScreen, wantsColours } from "../../report/screen.ts";
import { makeWorld, readSought, selectOne } from "../bisect-command.ts";
import type { SharedBisectFlags } from "../bisect-flags.ts";
import type { CommandContext, RegisterCommand } from "../command.ts";
import type { ExitCode } from "../exit-code.ts";
import { showProgress } from "../show-progress.ts";
import { addBisectOptions, parseTries } from "./bisect.ts";

interface StepFlags extends SharedBisectFlags {
  readonly commit: string;
  readonly runs: number;
  readonly out: string;
  readonly color: boolean;
}

const notes = `
For "git bisect run": exits with 0 where the failure does not show, with 1 where it does, and with 125 (skip) on anything else: what does
not build or boot, fails otherwise, or keeps zhil itself from an answer. Never with another code, but when it is killed.

"zhil bisect" needs no git bisect, knows about failures that show only now and then, and skips what it has no need to build.

Example:
  git bisect start BAD GOOD
  git bisect run zhil bisect-step --like ~/zhil-runs/latest/unmap-stops-dma unmap-stops-dma`;

/** `zhil bisect-step` */
export const registerBisectStep: RegisterCommand = (program, context) => {
  addBisectOptions(
    program
      .command("bisect-step")
      .description('Tries one commit, for "git bisect run".')
      .argument("<scenario>", "name or path of the scenario"),
  )
    .option("--commit <commit>", "the commit to try", "HEAD")
    .option("--runs <n>", "runs without the failure after which it counts as not there", parseTries, 3)
    .option("--out <dir>", "where evidence goes", "zhil-bisect")
    .option("--no-color", "no colours")
    .addHelpText("after", notes)
    .action(async (scenario: string, flags: StepFlags) => {
      context.exit(await tryCommit(scenario, flags, context));
    });
};

async function tryCommit(name: string, flags: StepFlags, context: CommandContext): Promise<ExitCode> {
  const { io, services } = context;
  const screen = createScreen(io.stdout, wantsColours(io.stdout, io.environment, flags.color));
  const { print } = screen;
  const scenario = await selectOne(name, flags, io);
  const sought = await readSought(flags, scenario, io);
  if (sought === null) {
    throw new UsageError({
      what: "Cannot tell bad from good: nothing says which failure is looked for",
      remedy: "Give --like with the evidence of a run that failed, or --seek",
    });
  }
  const world = await makeWorld(scenario, flags, context, showProgress(io.stdout, screen));
  const repository = resolve(io.workingFolder, flags.repo);
  let built: TreeKernel;
  try {
    built = await services.buildCommit(repository, flags.commit, { ...world, flavour: flags.flavour ?? null });
  } catch (error) {
    const first = firstError(error);
    if (!(first instanceof KernelBuildError)) throw error;
    print(`skip: ${escapeLine(first.what)}`);
    return 125;
  }
  const out = resolve(io.workingFolder, flags.out);
  await makeFolders(out);
  const evidence = await mkdtemp(join(out, "step-"));
  for (let run = 1; run <= flags.runs; run++) {
    const { record, dead } = await tryKernel(world, built.kernel.image, evidence);
    const sight = recognise(sought, record);
    if (sight === "absent") continue;
    const why = escapeLine(dead ?? sayWhy(sought, record) ?? record.verdict);
    print(`${sight === "seen" ? `bad, run ${run}` : dead === null ? "skip" : "skip: does not boot"}: ${why}`);
    return sight === "seen" ? 1 : 125;
  }
  print(`good: not seen in ${flags.runs} run${flags.runs === 1 ? "" : "s"}`);
  return 0;
}
