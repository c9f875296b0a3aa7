/** Kernels that are files in a repository, saying what a machine with them does: for bisections without builds and boots. */
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { digestBytes } from "../assets/digest.ts";
import type { Services } from "../cli/services.ts";
import { InfrastructureError } from "../errors/harness-error.ts";
import { KernelBuildError } from "../kernel/build-kernel.ts";
import { fakeBench } from "./fake-bench.ts";
import { makeRandom } from "./random.ts";
import type { MadeCommit } from "./made-repository.ts";

/** What a fake kernel does; each of its own where nothing is said. */
export interface FakeKernel {
  /** How often out of a hundred it fails in the second step. */
  readonly fails?: number;
  readonly doesNotBuild?: boolean;
  readonly doesNotBoot?: boolean;
  /** It warns in the first step. */
  readonly warns?: boolean;
  /** It fails in the first step. */
  readonly failsOtherwise?: boolean;
  /** What tells it from others. */
  readonly mark?: string;
}

/** A commit whose kernel does that. */
export const commitOf = (subject: string, kernel: FakeKernel, parents?: readonly number[]): MadeCommit => ({
  subject,
  files: { kernel: JSON.stringify(kernel), note: subject },
  ...(parents === undefined ? {} : { parents }),
});

/** Builds and benches of fake kernels; `onCall` is told of each build and run before it happens. */
export function fakeKernels(
  folder: string,
  onCall: (what: "build" | "run", subject: string) => void = () => undefined,
  seed = 1,
): Pick<Services, "buildCommit" | "openBench"> {
  const random = makeRandom(seed);
  mkdirSync(folder, { recursive: true });
  return {
    buildCommit: (repository, commit) => {
      const read = (path: string): string =>
        execFileSync("git", ["-C", repository, "show", `${commit}:${path}`], { encoding: "utf8" });
      onCall("build", read("note"));
      const text = read("kernel");
      if ((JSON.parse(text) as FakeKernel).doesNotBuild === true) {
        const what = "Cannot build: make ended with exit code 2: a.c:1:2: error: 'x' undeclared";
        return Promise.reject(new KernelBuildError({ what }));
      }
      const digest = digestBytes(text);
      const image = join(folder, digest.slice(-12));
      writeFileSync(image, text);
      const kernel = { vmlinux: null, version: "7.2.0", options: [], patches: [], origin: "given" } as const;
      return Promise.resolve({ kernel: { ...kernel, image, digest }, lacks: [], seconds: 1 });
    },
    openBench: ({ kernel }) => {
      const day = JSON.parse(readFileSync(kernel ?? "", "utf8")) as FakeKernel;
      onCall("run", kernel ?? "");
      const isBad = random(100) < (day.fails ?? 0);
      const bench = fakeBench({
        onStart: () => {
          if (day.doesNotBoot === true) throw new InfrastructureError({ what: "The kernel panicked" });
        },
        onStep: ({ step, honest }) => {
          if (step === 1 && day.failsOtherwise === true) return { ...honest, result: "EIO" };
          if (step === 1 && day.warns === true) return { ...honest, alarms: ["WARNING: drivers/a.c at b"] };
          return step === 2 && isBad ? { ...honest, result: "EINVAL" } : honest;
        },
      });
      return Promise.resolve(bench);
    },
  };
}
