// A worker with the model as its bench, whose operations take time and are noted: `node queue-worker.mjs BUILT JSON`, with the
// folder of a built project (otherwise dist), and url, lease, log, milliseconds, jobs, and fence where its hardware is others' as well.
import { appendFileSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";

const [, , built = "", text = "{}"] = process.argv;
const { url, lease, log, milliseconds, jobs, fence = null, dies = null } = JSON.parse(text);
const load = (path) => import(join(built, "harness", path));
const [{ parseQueueAddress }, { runWorker }, { openModelBench }] = await Promise.all([
  load("queue/address.js"),
  load("queue/run-worker.js"),
  load("run/model-bench.js"),
]);

const interrupt = new AbortController();
process.on("SIGTERM", () => interrupt.abort(new Error("told to end")));

/** Lines of all workers in one file: appending is atomic, so they are in order. */
const note = (what) => {
  const token = fence === null ? null : Number(readFileSync(fence.file, "utf8"));
  appendFileSync(log, `${JSON.stringify({ pid: process.pid, token, ...what })}\n`);
};

const model = openModelBench();
const bench = {
  ...model,
  createTarget: (consoleFile) => {
    const target = model.createTarget(consoleFile);
    return {
      profile: target.profile,
      start: async (plan, signal) => {
        const { scenario } = plan;
        note({ scenario, event: "start" });
        if (scenario === dies) process.kill(process.pid, "SIGKILL");
        const started = await target.start(plan, signal);
        return {
          profile: started.profile,
          perform: async (operation, stepSignal) => {
            note({ scenario, event: "begin" });
            await setTimeout(milliseconds);
            const performed = await started.perform(operation, stepSignal);
            note({ scenario, event: "end" });
            return performed;
          },
          [Symbol.asyncDispose]: () => started[Symbol.asyncDispose](),
        };
      },
    };
  },
};

await runWorker({
  ...{ address: parseQueueAddress(url), lease, jobs, fence, once: false, ledger: [], report: () => undefined },
  openBench: () => Promise.resolve(bench),
  onResult: ({ scenario }) => note({ scenario, event: "counts" }),
  signal: interrupt.signal,
});
