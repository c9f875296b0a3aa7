import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { openLparBench } from "../run/lpar-bench.ts";
import { callCli } from "../testing/call-cli.ts";
import { startFakeRealHost, type FakeRealHost } from "../testing/fake-real-host.ts";
import { scenarioText, temporaryFolder, type TemporaryFolder } from "../testing/scenario-files.ts";

/** A folder with a configuration that leads to the host. */
async function configure({ ssh }: FakeRealHost, part = {}): Promise<TemporaryFolder> {
  const { address, port, user, hostKey } = ssh.host;
  const lpar = {
    ...{ address, port, user, key: "key", hostKey: `${hostKey.type} ${hostKey.blob.toString("base64")}` },
    functions: [{ fid: "0x00000020", device: "nvme" }],
    ...part,
  };
  const folder = await temporaryFolder({
    "zhil.config.ts": `import { defineConfig } from "zpci-hil/config";\nexport default defineConfig(${JSON.stringify({ lpar })});\n`,
    "scenarios/life.yaml": scenarioText("life").replace("virtio-rng", "nvme"),
  });
  writeFileSync(join(folder.path, "key"), ssh.client.privateKey);
  return folder;
}

it("is led to a host by its configuration: examined, recorded, released", async () => {
  await using fake = await startFakeRealHost();
  await using folder = await configure(fake);
  const place = { workingFolder: folder.path };
  const examined = await callCli(["doctor", "--bench", "lpar"], place);
  expect(examined.stdout).toContain("ok       function 0x00000020: 0001:00:00.0, driver nvme, free\n");
  expect(examined.code).toBe(0);
  const recorded = await callCli(["record", "-o", "traces", "--scenarios", "scenarios"], {
    ...place,
    services: {
      openBench: ({ lpar, report, signal }) => openLparBench({ ...lpar!, agent: fake.agent, report, signal }),
    },
  });
  expect(recorded.stdout).toContain("1 trace in traces: zhil check traces\n");
  expect(readdirSync(join(folder.path, "traces"))).toEqual(["life.ndjson"]);
  expect(readFileSync(join(folder.path, "traces/life.ndjson"), "utf8").split("\n")).toHaveLength(5);
  const checked = await callCli(["check", "traces"], place);
  expect(checked.stdout).toMatch(/[01] pass, [01] fail, 0 known in/u);
  const released = await callCli(["release"], place);
  expect(released).toMatchObject({ code: 0, stdout: "Nothing was left there\n" });
});

it("says what a host lacks, line by line, and exits with 2", async () => {
  await using fake = await startFakeRealHost();
  await using folder = await configure(fake, { functions: [{ fid: "0x7", device: "nvme" }] });
  const { code, stdout } = await callCli(["doctor", "--bench", "lpar", "--json"], { workingFolder: folder.path });
  const missing = stdout.split("\n").filter((line) => line.includes('"missing"'));
  expect(missing).toEqual([expect.stringContaining("Name one of 0x00000020, 0x00000021, 0x00000099")]);
  expect(code).toBe(2);
});

it.each([
  [["run", "--bench", "lpar"], /No zhil\.config\.ts/u],
  [["run", "--bench", "lpar", "--kernel", "lean"], /Cannot use --kernel on bench "lpar"/u],
  [["run", "--bench", "lpar", "--boot", "cold"], /Cannot use --boot on bench "lpar"/u],
  [["run", "--bench", "lpar", "--fail-nth"], /Cannot use --fail-nth on bench "lpar"/u],
  [["run", "--config", "x.ts"], /Cannot use --config on bench "emulated"/u],
  [["release"], /No zhil\.config\.ts/u],
])("refuses %j where it makes no sense", async (argv, message) => {
  await using folder = await temporaryFolder({ "scenarios/life.yaml": scenarioText("life") });
  const { code, stderr } = await callCli(argv, { workingFolder: folder.path });
  expect(stderr).toMatch(message);
  expect(code).toBe(2);
});

it("says what a configuration without a host lacks", async () => {
  await using folder = await temporaryFolder({ "zhil.config.ts": "export default {};\n" });
  const { stderr } = await callCli(["doctor", "--bench", "lpar"], { workingFolder: folder.path });
  expect(stderr).toMatch(/describes no host/u);
});
