/**
 * A run in a process of its own: starts a fake machine, performs an operation that never ends, and says `ready` and the
 * machine's process. Ends in order when interrupted. Arguments: the folder for its scratch folder.
 */
import { describeError } from "../errors/describe-error.ts";
import { listenForInterrupt } from "../lifecycle/listen-for-interrupt.ts";
import { createScratch } from "../lifecycle/scratch.ts";
import { EmulatedTarget } from "../target/emulated.ts";
import { fakePlan } from "./fake-plan.ts";

const [, , parent = "", program = ""] = process.argv;

async function run(): Promise<void> {
  await using scratch = await createScratch({ parent });
  using interruption = listenForInterrupt(() => {
    scratch.endNow();
  });
  const environment = { FAKE_QEMU: JSON.stringify({ on: { attach: "hang" } }) };
  const target = new EmulatedTarget({
    profile: fakePlan.profile,
    qemu: { argv: [process.execPath, program], environment },
    kernel: "kernel",
    initramfs: "initramfs",
    scratch,
    limits: { operation: 60_000 },
  });
  await using started = await target.start(fakePlan, interruption.signal);
  process.stdout.write(`ready ${started.machine.pid}\n`);
  await started.perform({ op: "attach", function: "a", to: "A" }, interruption.signal);
}

run().catch((error: unknown) => {
  process.stdout.write(`${describeError(error).join("\n")}\n`);
  process.exitCode = 2;
});
