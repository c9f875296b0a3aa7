/** Runs that follow changes of files, on a bench in this process. */
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { callCli, type Call } from "../testing/call-cli.ts";
import { fakeBench } from "../testing/fake-bench.ts";
import { scenarioText, temporaryFolder, type TemporaryFolder } from "../testing/scenario-files.ts";
import { retryUntil } from "../wait/retry-until.ts";

const limit = { timeout: 60_000 };

interface Watch extends AsyncDisposable {
  readonly folder: TemporaryFolder;
  /** Waits until so many scenarios were started since the last call; gives their names. */
  started(count: number): Promise<readonly string[]>;
  /** Kernels of the benches that were opened. */
  readonly kernels: readonly (string | null)[];
  write(path: string, text: string): Promise<void>;
  end(): Promise<Call>;
}

async function startWatch(files: Readonly<Record<string, string>>, ...argv: readonly string[]): Promise<Watch> {
  const folder = await temporaryFolder(files);
  const interrupt = new AbortController();
  const kernels: (string | null)[] = [];
  let names: string[] = [];
  const call = callCli(["watch", "-j", "1", ...argv], {
    ...{ workingFolder: folder.path, interrupt: interrupt.signal },
    services: {
      openBench: ({ kernel }) => {
        kernels.push(kernel);
        return Promise.resolve(fakeBench({ onStart: (name) => void names.push(name) }));
      },
    },
  });
  const end = (): Promise<Call> => {
    interrupt.abort(new Error("Interrupted"));
    return call;
  };
  return {
    ...{ folder, kernels, end },
    started: async (count) => {
      const { signal } = new AbortController();
      await retryUntil({ what: `${count} scenarios to start`, limit: 20_000, signal }, () => {
        if (names.length < count) throw new Error(`${names.length} did`);
      });
      const had = names;
      names = [];
      return had;
    },
    write: (path, text) => writeFile(join(folder.path, path), text),
    [Symbol.asyncDispose]: async () => {
      await end();
      await folder[Symbol.asyncDispose]();
    },
  };
}

const two = { "scenarios/one.yaml": scenarioText("one"), "scenarios/two.yaml": scenarioText("two") };
const changed = (name: string): string => scenarioText(name, { tags: ["life", "changed"] });

it("runs all, then what changed and what was added; and ends without a word of failure", limit, async () => {
  await using watch = await startWatch(two, "--scenarios", "scenarios");
  expect((await watch.started(2)).toSorted()).toEqual(["one", "two"]);
  await watch.write("scenarios/two.yaml", changed("two"));
  expect(await watch.started(1)).toEqual(["two"]);
  await watch.write("scenarios/three.yaml", scenarioText("three"));
  expect(await watch.started(1)).toEqual(["three"]);
  await rm(join(watch.folder.path, "scenarios/one.yaml"));
  await watch.write("scenarios/two.yaml", "name: [");
  await watch.write("scenarios/two.yaml", scenarioText("two"));
  expect(await watch.started(1)).toEqual(["two"]);
  const { code, stderr } = await watch.end();
  expect(code).toBe(0);
  expect(stderr).toContain("Changed: scenarios/two.yaml\n");
  expect(stderr).toContain("Watching scenarios; Ctrl-C ends it\n");
});

it("runs all that was selected when the kernel's image changes, and nothing else of the folder", limit, async () => {
  const files = { ...two, "linux/bzImage": "first" };
  await using watch = await startWatch(files, "one", "--scenarios", "scenarios", "--kernel", "linux/bzImage");
  expect(await watch.started(1)).toEqual(["one"]);
  await watch.write("scenarios/two.yaml", changed("two"));
  await watch.write("linux/bzImage", "second");
  expect(await watch.started(1)).toEqual(["one"]);
  expect(new Set(watch.kernels)).toEqual(new Set([join(watch.folder.path, "linux/bzImage")]));
});

it("takes folder and kernel of the configuration, and what it says once it has changed", limit, async () => {
  const config = (kernel: string): string =>
    `export default { kernels: ["${kernel}"], scenarios: { folder: "scenarios" } };\n`;
  await using watch = await startWatch({
    ...two,
    "zhil.config.ts": config("a/bzImage"),
    "a/bzImage": "",
    "b/bzImage": "",
  });
  await watch.started(2);
  expect(watch.kernels).toEqual([join(watch.folder.path, "a/bzImage")]);
  await watch.write("zhil.config.ts", "export default {{");
  await watch.write("zhil.config.ts", config("b/bzImage"));
  await watch.started(2);
  expect(watch.kernels.at(-1)).toBe(join(watch.folder.path, "b/bzImage"));
  await mkdir(join(watch.folder.path, "scenarios/functions"));
  await watch.write("scenarios/functions/own.ts", "export {};\n");
  expect((await watch.started(2)).toSorted()).toEqual(["one", "two"]);
  const { stderr } = await watch.end();
  expect(stderr).toContain("Changed: zhil.config.ts\n");
});

it("refuses what it could not watch, and a name that nothing has", async () => {
  await using folder = await temporaryFolder(two);
  const { code, stderr } = await callCli(["watch", "--scenarios", "scenarios", "--kernel", "no/where/bzImage"], {
    workingFolder: folder.path,
  });
  expect(code).toBe(2);
  expect(stderr).toContain('no/where/bzImage": its folder is not there');
  const mistyped = await callCli(["watch", "on", "--scenarios", "scenarios", "--bench", "model"], {
    workingFolder: folder.path,
  });
  expect(mistyped.code).toBe(2);
  expect(mistyped.stderr).toContain('did you mean "one"');
});
