/** Whole runs of the `emulated` bench on the fake QEMU: templates, clones and all, in folders of their own. */
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, vi } from "vitest";
import { parseScenario } from "../../src/scenario/parse.ts";
import type { Assets } from "../assets/assets.ts";
import { ReporterGroup, type RunResult } from "../report/reporter.ts";
import type { BootKind } from "../run/boot-kinds.ts";
import { openBenchOn } from "../run/emulated-bench.ts";
import { runSuite, type SuiteOptions } from "../run/run-suite.ts";
import type { BadDay } from "./fake-machine.ts";
import { fakeQemu } from "./fake-plan.ts";
import { findProcesses } from "./find-processes.ts";

/** What befalls one machine: the first of its kind that comes to a phase once `strike` was called. */
export interface Fate {
  readonly whose: "template" | "clone";
  readonly phase: string;
  readonly signal: NodeJS.Signals;
}

/** Runs of one person on one machine, one after another. */
export interface FakeSuite extends AsyncDisposable {
  readonly folder: string;
  /** Folder of the templates in the cache. */
  readonly templates: string;
  /** What was said beside verdicts, by the runs so far. */
  readonly said: string[];
  /** Lets the next machine have its fate. */
  strike(): Promise<void>;
  /** Runs so many scenarios. */
  run(count: number, options?: Partial<SuiteOptions> & { readonly boot?: BootKind }): Promise<RunResult>;
  /** How many machines came to a phase, such as `template boot`. */
  count(phase: string): Promise<number>;
  /** Expects no process, no folder and no half template to be left of any run. */
  expectNothingLeft(): Promise<void>;
}

const scenarioOf = (index: number) =>
  parseScenario(
    `{ name: look-${index}, summary: Nothing happens, tags: [test], functions: { a: virtio-rng }, steps: [{ look: {} }] }`,
    `look-${index}.yaml`,
  );

/** Makes folders, and has this process use them until disposed; tests that do so cannot run beside each other. */
export async function makeFakeSuite(fate: Fate | null = null, day: BadDay = {}): Promise<FakeSuite> {
  const folder = await mkdtemp(join(tmpdir(), "zt-"));
  const [temporary, cache, log, token] = ["tmp", "cache", "log", "token"].map((name) => join(folder, name)) as [
    string,
    string,
    string,
    string,
  ];
  await mkdir(temporary);
  vi.stubEnv("TMPDIR", temporary);
  vi.stubEnv("ZHIL_CACHE", cache);
  const environment = {
    FAKE_QEMU: JSON.stringify({ ...day, log, ...(fate === null ? {} : { fate: { ...fate, token } }) }),
  };
  const digest = "sha256:00";
  const assets: Assets = {
    qemu: { argv: [process.execPath, fakeQemu], environment, version: "11.1.3", digest, origin: "given" },
    kernel: {
      ...{ image: "kernel", vmlinux: null, version: "7.2.13", digest, options: ["*"], patches: [] },
      origin: "given",
    },
    initramfs: { path: "initramfs", digest },
    relay: "relay",
  };
  const said: string[] = [];
  const templates = join(cache, "template");
  let runs = 0;
  const signal = new AbortController().signal;
  return {
    ...{ folder, templates, said },
    strike: () => writeFile(token, ""),
    run: async (count, { boot = "clone", ...options } = {}) => {
      const runFolder = join(folder, `run${runs++}`);
      await mkdir(runFolder);
      const report = (progress: { kind: string; text?: string }): void => {
        said.push(progress.text ?? "");
      };
      await using bench = await openBenchOn(assets, [], { boot, report, signal: options.signal ?? signal });
      return await runSuite(
        { broken: [], scenarios: Array.from({ length: count }, (_, index) => scenarioOf(index)) },
        {
          ...{ bench, ledger: [], runFolder, keep: false, reproduce: () => "", signal, jobs: 3 },
          reporters: new ReporterGroup([]),
          ...options,
        },
      );
    },
    count: async (phase) => (await readFile(log, "utf8")).split("\n").filter((line) => line === phase).length,
    expectNothingLeft: async () => {
      expect(await findProcesses(temporary)).toEqual([]);
      expect(await readdir(temporary)).toEqual([]);
      const kept = existsSync(templates) ? await readdir(templates) : [];
      expect(kept.filter((name) => name.startsWith("."))).toEqual([]);
    },
    [Symbol.asyncDispose]: async () => {
      vi.unstubAllEnvs();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Verdicts and reasons of those that did not pass. */
export const failuresOf = ({ records }: RunResult): { readonly verdict: string; readonly reason: string | null }[] =>
  records.filter(({ verdict }) => verdict !== "pass").map(({ verdict, reason }) => ({ verdict, reason }));
