import { afterEach, beforeEach, expect, it } from "vitest";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { recordSchema, type ScenarioRecord } from "../evidence/record.ts";
import { openLparBench } from "../run/lpar-bench.ts";
import { parseKnownKey } from "../ssh/host-key.ts";
import { makeKeyPair } from "../ssh/make-key.ts";
import { callCli } from "../testing/call-cli.ts";
import { startFakeRealHost, type FakeRealBehaviour, type FakeRealHost } from "../testing/fake-real-host.ts";
import { startFaultProxy } from "../testing/fault-proxy.ts";
import { temporaryFolder, type TemporaryFolder } from "../testing/scenario-files.ts";

const originals = { "0x00000020": "nvme", "0x00000021": "nvme", "0x00000099": "mlx5_core" };
const scenario = `name: bound
summary: A function is bound to vfio-pci and let go again
tags: [life]
functions: { a: nvme }
steps:
  - look: {}
  - bind: { function: a }
  - unbind: { function: a }
`;

const withoutFunctions = `name: bound
summary: Nothing of a function is touched
tags: [life]
functions: {}
steps:
  - look: {}
`;

let folder: TemporaryFolder;
beforeEach(async () => {
  folder = await temporaryFolder({ "scenarios/bound.yaml": scenario });
});
afterEach(() => folder[Symbol.asyncDispose]());

interface Ran {
  readonly code: number;
  readonly records: readonly ScenarioRecord[];
  readonly said: string;
}

/** `zhil run --bench lpar` on a host. */
async function run(fake: FakeRealHost, host = fake.real.host): Promise<Ran> {
  const { code, stdout, stderr } = await callCli(["run", "--json", "--bench", "model"], {
    workingFolder: folder.path,
    services: {
      openBench: ({ report, signal }) =>
        openLparBench({ ...fake.real, host, agent: fake.agent, operationLimit: 2_000, report, signal }),
    },
  });
  const lines = stdout.split("\n").filter((line) => line !== "");
  return { code, records: lines.map((line) => recordSchema.parse(JSON.parse(line))), said: stderr };
}

async function withHost(behaviour: FakeRealBehaviour, test: (fake: FakeRealHost) => Promise<void>): Promise<void> {
  await using fake = await startFakeRealHost(behaviour);
  await test(fake);
  expect(fake.drivers()).toEqual(originals);
}

it("performs a scenario on a host's own function, and leaves the host as it was", async () => {
  await withHost({}, async (fake) => {
    const { code, records, said } = await run(fake);
    expect(records).toMatchObject([{ scenario: "bound", verdict: "pass" }]);
    expect(code).toBe(0);
    expect(said).toContain("lpar: Linux 7.2.13, an LPAR");
    expect(fake.get("var/tmp/zhil/agent")).toBeNull();
    expect(fake.get("var/tmp/zhil/lease")).toBeNull();
    const trace = await readFile(records[0]!.trace!, "utf8");
    expect(trace).not.toMatch(/192\.0\.2|dasda|6cb1|eth7|7777|host\.example|tester/u);
    expect(JSON.parse(trace.split("\n")[0]!)).toMatchObject({
      profile: {
        bench: "lpar",
        kernel: { commandLine: "root=… ip=… pci=norid quiet" },
        platform: { aperture: { first: "0x100000000", last: "0x13fffffff" }, refresh: false },
        functions: [{ name: "a", device: "nvme", uid: 1, fid: 0x20 }],
      },
    });
    const checked = await callCli(["check", join(folder.path, "zhil-runs/latest")], { workingFolder: folder.path });
    expect(checked.stdout).toContain("1 pass, 0 fail");
  });
});

it("has root do what touches functions, where the user is not root, and nothing else", async () => {
  await withHost({ config: { sudo: true } }, async (fake) => {
    const { code, records, said } = await run(fake);
    expect(said).not.toContain("Cannot");
    expect(records).toMatchObject([{ scenario: "bound", verdict: "pass" }]);
    expect(code).toBe(0);
    const verbs = (fake.get("sudoed") ?? "").split("\n").map((line) => line.replaceAll(/ \S*\/var\/tmp\/zhil/gu, ""));
    expect(verbs).toEqual([
      expect.stringMatching(/^sh -s \S+$/u),
      expect.stringMatching(/^sh -s take /u),
      expect.stringMatching(/^sh -s clear /u),
      expect.stringMatching(/^sh\/guard 1\/agent --stdio$/u),
      expect.stringMatching(/^sh -s give-back /u),
      "",
    ]);
  });
});

it("has an agent that touches no function run as the user", async () => {
  await withHost({ config: { sudo: true } }, async (fake) => {
    await writeFile(join(folder.path, "scenarios/bound.yaml"), withoutFunctions);
    expect((await run(fake)).records).toMatchObject([{ verdict: "pass", steps: { performed: 1 } }]);
    expect(fake.get("sudoed")).not.toContain("guard");
  });
});

it("says what sudo wants, and begins nothing", async () => {
  await withHost({ config: { sudo: true } }, async (fake) => {
    fake.put("asks-for-password", "");
    const { code, records, said } = await run(fake);
    expect(said).toContain("a password is required");
    expect(said).toContain('Let the user run "sh" by sudo without a password there');
    expect([code, records]).toEqual([2, []]);
  });
});

it.each([
  ["hangs", "hang bind", /Waited 2 s for the agent's answer to "bind"/u],
  ["dies", "die bind", /Cannot use the agent's channel/u],
  ["reboots with its host", "reboot bind", /Cannot use the agent's channel/u],
])("has no answer of an agent that %s in mid-run, and leaves the host as it was", async (_, orders, reason) => {
  await withHost({}, async (fake) => {
    fake.put("orders", orders);
    const { code, records } = await run(fake);
    expect(records).toMatchObject([{ verdict: "error", steps: { performed: 1 } }]);
    expect(records[0]?.reason).toMatch(reason);
    expect(code).toBe(2);
    expect(fake.get("var/tmp/zhil/lease")).toBeNull();
  });
});

it("begins nothing on a host whose disk is full, and leaves nothing there", async () => {
  await withHost({ onWrite: () => false }, async (fake) => {
    const { code, records, said } = await run(fake);
    expect(said).toContain("No space left on device");
    expect([code, records]).toEqual([2, []]);
    expect(fake.get("var/tmp/zhil/lease")).toBeNull();
  });
});

it("has nothing to do with a host whose key has changed", async () => {
  await withHost({}, async (fake) => {
    const hostKey = parseKnownKey(makeKeyPair().publicKey);
    const { code, said } = await run(fake, { ...fake.real.host, hostKey });
    expect(said).toMatch(/it has the key SHA256:.*, and SHA256:.* is known of it/u);
    expect(code).toBe(2);
    expect(fake.ssh.tried).toEqual([]);
  });
});

const full = process.env["ZHIL_FULL"] === "1";

it("gives no wrong verdict wherever the connection is dropped, and leaves the host as it was", async () => {
  const at = async (pieces: number): Promise<number> => {
    await using fake = await startFakeRealHost();
    await using proxy = await startFaultProxy(fake.real.host.port, pieces);
    const { code, records } = await run(fake, { ...fake.real.host, port: proxy.port });
    // Nothing was performed before the host let us in; after that there is a verdict, and it is right.
    for (const { verdict } of records) expect(["pass", "error"]).toContain(verdict);
    expect(code).toBe(records[0]?.verdict === "pass" ? 0 : 2);
    expect(fake.drivers()).toEqual(originals);
    expect(fake.get("var/tmp/zhil/lease")).toBeNull();
    expect(fake.get("var/tmp/zhil/agent")).toBeNull();
    return proxy.passed();
  };
  const all = await at(Infinity);
  expect(all).toBeGreaterThan(40);
  const everywhere = full ? all : 16;
  for (let each = 0; each < everywhere; each++) await at(Math.round((each * all) / everywhere));
}, 1_200_000);
