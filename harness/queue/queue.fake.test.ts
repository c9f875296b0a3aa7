/** Nights that workers perform, by a real server: killed, stopped, and waking up too late; every result counts once. */
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { buildCommand, type BuiltCommand } from "../testing/build-command.ts";
import { openLab, type Lab, type LabNote, type LabOptions } from "../testing/queue-lab.ts";

const slow = { timeout: 120_000 };
const namesOf = (count: number): readonly string[] =>
  Array.from({ length: count }, (_, index) => `scenario-${String(index).padStart(2, "0")}`);

let built: BuiltCommand;
beforeAll(async () => {
  built = await buildCommand();
});
afterAll(() => built[Symbol.asyncDispose]());

let lab: Lab;
const open = async (options: Partial<LabOptions> & Pick<LabOptions, "names">): Promise<Lab> => {
  lab = await openLab(built, { milliseconds: 20, lease: 1000, ...options });
  return lab;
};
afterEach(() => lab[Symbol.asyncDispose]());

const countsOf = (notes: readonly LabNote[]): readonly string[] =>
  notes.filter(({ event }) => event === "counts").map(({ scenario }) => scenario);
const startsOf = (notes: readonly LabNote[]): number => notes.filter(({ event }) => event === "start").length;

describe("nights by a queue", slow, () => {
  it("has every result once, whoever is killed, stopped or told to end, and whatever becomes of the server", async () => {
    const names = namesOf(60);
    await open({ names });
    const [killed, stopped, ended] = [lab.startWorker(), lab.startWorker(), lab.startWorker()];
    const night = lab.runNight();
    await lab.until("a first dozen", (notes) => countsOf(notes).length >= 12);
    killed.kill("SIGKILL");
    stopped.kill("SIGSTOP");
    lab.startWorker();
    await lab.until("a second dozen", (notes) => countsOf(notes).length >= 24);
    await lab.server.restart();
    ended.kill("SIGTERM");
    expect(await once(ended, "exit")).toEqual([0, null]);
    await lab.until("most of them", (notes) => countsOf(notes).length >= 50);
    stopped.kill("SIGCONT");

    const { said, code, stderr } = await night;
    expect(code).toBe(0);
    const [machine] = said.machines;
    expect(machine?.problem).toBeNull();
    expect(machine?.units.map(({ scenario, attempts }) => [scenario, attempts])).toEqual(
      names.map((name) => [name, ["pass"]]),
    );
    expect(stderr.match(/^pass /gmu)).toHaveLength(names.length);
    const notes = await lab.readNotes();
    expect(countsOf(notes).toSorted()).toEqual([...new Set(countsOf(notes))].toSorted());
    // What the killed and the stopped one were at, and what a server on its knees did not hear of.
    expect(startsOf(notes)).toBeLessThanOrEqual(names.length + 6);
    const evidence = join(lab.folder, "zhil-nights", said.night, "model", "attempt-1", "scenario-07");
    expect(await readFile(join(evidence, "trace.ndjson"), "utf8")).toContain('"scenario":"scenario-07"');
    expect(JSON.parse(await readFile(join(evidence, "record.json"), "utf8"))).toMatchObject({ evidence });
  });

  it("drives leased hardware by one worker at a time, also by one that wakes up after its lease", async () => {
    const names = namesOf(12);
    await open({ names, isFenced: true });
    const first = lab.startWorker();
    const night = lab.runNight();
    await lab.until("a first one", (notes) => countsOf(notes).length >= 2);
    const second = lab.startWorker();
    first.kill("SIGSTOP");
    const before = startsOf(await lab.readNotes());
    // Its job is given to the second, and where it was stopped within an operation that one waits at the fence.
    await lab.awaitHolder(second.pid);
    first.kill("SIGCONT");
    expect((await night).code).toBe(0);
    const notes = await lab.readNotes();
    expect(startsOf(notes)).toBeGreaterThan(before);
    expect(new Set(notes.map(({ pid }) => pid)).size).toBe(2);
    const operations = notes.filter(({ event }) => event === "begin" || event === "end");
    for (const [index, { event, pid, token }] of operations.entries()) {
      // One begins where nobody is at one, and whoever began it ends it, under the token that the fence has.
      expect(event).toBe(index % 2 === 0 ? "begin" : "end");
      if (event === "end") expect(operations[index - 1]).toMatchObject({ pid, token });
    }
    const tokens = operations.map(({ token }) => token ?? 0);
    expect(tokens).toEqual(tokens.toSorted((a, b) => a - b));
    const holders = new Map(operations.map(({ token, pid }) => [token, pid]));
    for (const { token, pid } of operations) expect(holders.get(token)).toBe(pid);
    expect(countsOf(notes).toSorted()).toEqual(names);
  });

  it("gives up a unit that ends whoever begins it, and says so", async () => {
    await open({ names: namesOf(3), dies: "scenario-01", lease: 400 });
    const keepOne = (): void => {
      lab.startWorker().once("exit", (_, signal) => {
        if (signal === "SIGKILL" && !isOver) keepOne();
      });
    };
    let isOver = false;
    keepOne();
    const { said, code } = await lab.runNight();
    isOver = true;
    expect(code).toBe(2);
    expect(said.machines[0]?.units.map(({ scenario, verdict }) => [scenario, verdict])).toEqual([
      ["scenario-00", "pass"],
      ["scenario-01", "error"],
      ["scenario-02", "pass"],
    ]);
    expect(said.machines[0]?.units[1]?.reason).toContain("3 workers were never heard of again that ran it");
  });
});
