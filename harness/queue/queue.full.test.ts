/** A thousand units over four workers, one of which is killed every few seconds: each result once, and little time lost. */
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { buildCommand, type BuiltCommand } from "../testing/build-command.ts";
import type { Call } from "../testing/call-cli.ts";
import type { Said } from "../testing/nights.ts";
import { openLab, type Lab } from "../testing/queue-lab.ts";

const names = Array.from({ length: 1000 }, (_, index) => `scenario-${String(index).padStart(4, "0")}`);
const workerCount = 4;
/** Milliseconds between two deaths. */
const killInterval = 4_000;

interface Run extends Call {
  readonly said: Said;
  readonly seconds: number;
  readonly killed: number;
}

/** Runs a night of all of them by four workers; where they are killed, each is followed by another one at once. */
async function runNight(lab: Lab, kills: boolean): Promise<Run> {
  const workers = Array.from({ length: workerCount }, () => lab.startWorker());
  await lab.until("workers at work", () => workers.every(({ pid }) => pid !== undefined));
  let killed = 0;
  const kill = (): void => {
    const index = killed % workerCount;
    workers[index]?.kill("SIGKILL");
    workers[index] = lab.startWorker();
    killed += 1;
  };
  const killer = kills ? setInterval(kill, killInterval) : undefined;
  const began = performance.now();
  try {
    const night = await lab.runNight();
    return { ...night, seconds: (performance.now() - began) / 1000, killed };
  } finally {
    clearInterval(killer);
  }
}

/** Each unit has one result, which was told once and is on disk once, and no two of them counted. */
async function expectEachOnce(lab: Lab, { said, code, stderr, killed }: Run): Promise<void> {
  expect(code).toBe(0);
  const [machine] = said.machines;
  expect(machine?.units.map(({ scenario, attempts }) => [scenario, attempts])).toEqual(
    names.map((name) => [name, ["pass"]]),
  );
  expect(stderr.match(/^pass /gmu)).toHaveLength(names.length);
  const records = await readdir(join(lab.folder, "zhil-nights", said.night, "model", "attempt-1"));
  expect(records.toSorted()).toEqual(names);
  const counts = (await lab.readNotes()).filter(({ event }) => event === "counts").map(({ scenario }) => scenario);
  // Whoever was killed between its result and its note had one that counts, too.
  expect(new Set(counts).size).toBe(counts.length);
  expect(counts.length).toBeGreaterThanOrEqual(names.length - killed);
}

async function inLab(built: BuiltCommand, kills: boolean): Promise<Run> {
  // Three operations of a scenario wait, so that what is measured is the queue, and not this machine's processors.
  await using lab = await openLab(built, { names, milliseconds: 100, lease: 4_000 });
  const run = await runNight(lab, kills);
  await expectEachOnce(lab, run);
  return run;
}

it("loses nothing, repeats nothing that counts, and takes at most 1.3 times what it takes where nobody is killed", async () => {
  await using built = await buildCommand();
  const whole = await inLab(built, false);
  const killed = await inLab(built, true);
  expect(killed.killed).toBeGreaterThan(10);
  const ratio = killed.seconds / whole.seconds;
  const work = killed.said.machines[0]?.units.reduce((sum, unit) => sum + unit.seconds, 0) ?? 0;
  process.stderr.write(
    `${names.length} units: ${whole.seconds.toFixed(1)} s, with ${killed.killed} workers killed ${killed.seconds.toFixed(1)} s, ` +
      `${ratio.toFixed(2)} times that; units alone take ${(work / workerCount).toFixed(1)} s\n`,
  );
  expect(ratio).toBeLessThanOrEqual(1.3);
});
