import { resolve } from "node:path";
import { InvalidArgumentError, Option } from "commander";
import { UsageError } from "../../errors/harness-error.ts";
import { describeSeconds } from "../../report/describe-record.ts";
import { verdictShade } from "../../report/paint.ts";
import { createScreen, wantsColours } from "../../report/screen.ts";
import { measureCapacity } from "../../run/measure-capacity.ts";
import { defaultJobs } from "../../run/schedule.ts";
import { scaleTime } from "../../wait/with-limit.ts";
import type { CommandContext, RegisterCommand } from "../command.ts";
import { jobsOption } from "../options.ts";
import { showProgress } from "../show-progress.ts";

interface WorkerFlags {
  readonly queue: string;
  readonly jobs?: number;
  readonly lease: number;
  readonly hardware?: string;
  readonly fence?: string;
  readonly once: boolean;
  readonly color: boolean;
}

const notes = `
  zhil worker --queue redis://lab                     on each machine of a lab, as a service
  zhil nightly --queue redis://lab                    where the configuration and the history are

A worker needs a clone of this project of the night's version, and prepares kernels and QEMUs as zhil run does. What it
cannot have is left to others. Where it dies, what it was at is begun again by another one, and every result counts once.
Whoever can write to the queue decides what its workers run: keep it to yourselves, by a password and a firewall.

--hardware and --fence are for benches whose functions more than one worker can reach (docs/nightly.md).

Ctrl-C ends it; what it was at is given back.`;

/** `zhil worker` */
export const registerWorker: RegisterCommand = (program, context) => {
  program
    .command("worker")
    .description("Does units of nights that come by a queue.")
    .requiredOption("--queue <url>", "redis://HOST:PORT, rediss:// for TLS, or unix:/PATH: Redis or Valkey")
    .addOption(jobsOption())
    .addOption(
      new Option("--lease <seconds>", "without a sign of life for so long, what it was at is somebody else's")
        .argParser(parseLease)
        .default(30),
    )
    .option(
      "--hardware <name>",
      "what its units drive and others can reach as well: one unit at a time, under a lease",
    )
    .option("--fence <file>", "file on the host of that hardware that keeps the highest token that was let through")
    .option("--once", "end once no night wants anything any more", false)
    .option("--no-color", "no colours")
    .addHelpText("after", notes)
    .action(async (flags: WorkerFlags) => {
      await work(flags, context);
    });
};

async function work(flags: WorkerFlags, { io, services }: CommandContext): Promise<void> {
  const { hardware, fence: file } = flags;
  if ((hardware === undefined) !== (file === undefined)) {
    throw new UsageError({ what: "Cannot lease hardware without both --hardware and --fence" });
  }
  const screen = createScreen(io.stdout, wantsColours(io.stdout, io.environment, flags.color));
  // Whoever has no queue does not load what talks to it.
  const { parseQueueAddress } = await import("../../queue/address.ts");
  const { runWorker } = await import("../../queue/run-worker.ts");
  const address = parseQueueAddress(flags.queue);
  screen.print(`Working for ${address.shown}`);
  await runWorker({
    ...{ address, once: flags.once, lease: scaleTime(flags.lease * 1000), ledger: await services.readLedger() },
    jobs: flags.jobs ?? defaultJobs(measureCapacity(), "clone"),
    fence: hardware === undefined || file === undefined ? null : { hardware, file: resolve(io.workingFolder, file) },
    openBench: services.openBench,
    onResult: ({ verdict, scenario, seconds }, machine) => {
      const shown = screen.paint(verdictShade[verdict], verdict.padEnd(5));
      screen.print(`${shown} ${scenario}  ${describeSeconds(seconds)}  ${machine}`);
    },
    report: showProgress(io.stdout, screen),
    signal: io.interrupt,
  });
}

function parseLease(text: string): number {
  const seconds = Number(text);
  if (Number.isFinite(seconds) && seconds >= 1 && seconds <= 3600) return seconds;
  throw new InvalidArgumentError("Expected a number of seconds, 1 to 3600.");
}
