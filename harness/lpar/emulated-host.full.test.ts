/** An emulated host in the place of a real one: what scenarios come to there, and the page that leads to it. */
import { chmod, readFile, writeFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { execa } from "execa";
import { marked } from "marked";
import { expect, it } from "vitest";
import { projectRoot } from "../assets/project-root.ts";
import { readLedger } from "../scenarios/read-ledger.ts";
import { callCli, type Call } from "../testing/call-cli.ts";
import { firstFid, startEmulatedHost, type EmulatedHost } from "../testing/emulated-host.ts";
import { temporaryFolder } from "../testing/scenario-files.ts";
import { spellFid } from "./host-config.ts";

it("gets the same verdicts over SSH as where it is emulated, and has its functions back", async () => {
  const devices = ["nvme", "nvme", "virtio-rng"] as const;
  await using emulated = await startEmulatedHost(devices);
  const { host, keys } = emulated;
  const functions = devices.map((device, index) => ({
    ...{ fid: spellFid(firstFid + index), device, overwrite: device === "nvme" },
  }));
  const lpar = {
    ...{ address: host.address, port: host.port, user: host.user, key: "key", hostKey: keys.host.publicKey },
    ...{ folder: "/run/zhil-lease", functions },
  };
  await using place = await temporaryFolder({
    "zhil.config.ts": `export default ${JSON.stringify({ lpar })};\n`,
    key: keys.client.privateKey,
  });
  const call = (...argv: readonly string[]): Promise<Call> =>
    callCli(argv, { workingFolder: place.path, services: { readLedger } });
  const examined = await call("doctor", "--bench", "lpar");
  expect(examined.stdout).toContain("function 0x00000040: 0011:00:00.0, no driver, free");
  expect(examined.code).toBe(0);
  const { code, stdout, stderr } = await call("record", "--bench", "lpar", "-o", "traces");
  expect(stderr).toBe("");
  const [, pass = 0, known = 0] =
    /(\d+) pass, 0 fail, (\d+) known, \d+ skip, 0 error/u.exec(stdout)?.map(Number) ?? [];
  expect(pass, stdout).toBeGreaterThan(80);
  expect(pass + known).toBeGreaterThan(100);
  expect(code).toBe(0);
  expect((await call("check", "traces")).stdout).toContain(`${pass} pass, 0 fail, ${known} known`);
  // Without a driver, as they came.
  const after = await call("doctor", "--bench", "lpar");
  expect(after.stdout).toContain("function 0x00000040: 0011:00:00.0, no driver, free");
  expect(after.stdout).toContain("lease: nobody has the functions");
});

/** The blocks of a page of one language, in order. */
const blocksOf = (page: string, language: string): string[] =>
  marked
    .lexer(page)
    .flatMap((token) => (token.type === "code" && token["lang"] === language ? [token["text"] as string] : []));

/** Programs of that name find the host at its port, with the key that it lets in: what a user's own configuration of SSH says. */
async function leadToHost(folder: string, { host, keys }: EmulatedHost): Promise<string> {
  const key = join(folder, "lpar-key");
  await writeFile(key, keys.client.privateKey, { mode: 0o600 });
  const known = join(folder, "known_hosts");
  await writeFile(known, `[${host.address}]:${String(host.port)} ${keys.host.publicKey}\n`);
  const port = `-p ${String(host.port)}`;
  for (const [program, options] of [
    ["ssh", `${port} -F none -i ${key} -o UserKnownHostsFile=${known} -o StrictHostKeyChecking=yes`],
    ["ssh-keyscan", port],
  ] as const) {
    const { stdout } = await execa("which", [program]);
    await writeFile(join(folder, program), `#!/bin/sh\nexec ${stdout} ${options} "$@"\n`);
    await chmod(join(folder, program), 0o755);
  }
  return key;
}

it("docs/hardware.md leads from nothing to recorded traces, command by command, in ten minutes", async () => {
  await using emulated = await startEmulatedHost(["nvme"]);
  const { host } = emulated;
  await using place = await temporaryFolder();
  const key = await leadToHost(place.path, emulated);
  const page = (await readFile(join(projectRoot, "docs/hardware.md"), "utf8"))
    .replaceAll("lpar.example", host.address)
    .replace("git clone …", `git clone ${projectRoot}`);
  const environment = { PATH: [place.path, process.env["PATH"] ?? ""].join(delimiter) };
  let here = place.path;
  let said = "";
  const perform = async (commands: string): Promise<void> => {
    for (const line of commands.split("\n")) {
      const { all, exitCode } = await execa("sh", ["-c", `${line}\n`], {
        ...{ cwd: here, env: environment, all: true, reject: false },
      });
      expect(exitCode, `${line}\n${all}`).toBe(0);
      said += `${all}\n`;
      if (line.includes("cd zpci-hil")) here = join(here, "zpci-hil");
    }
  };
  const began = performance.now();
  const [arrive = "", ...others] = blocksOf(page, "sh");
  await perform(arrive);
  const hostKey = /^\S+ (ssh-ed25519 \S+)$/mu.exec(said)?.[1] ?? "none";
  const address = /^(\S+)\/class:0x010802$/mu.exec(said)?.[1] ?? "none";
  const fid = new RegExp(`^${address}/function_id:(0x[0-9a-f]{8})$`, "mu").exec(said)?.[1] ?? "none";
  const [config = ""] = blocksOf(page, "ts");
  const own = config
    .replace(/"ssh-ed25519 .*"/u, JSON.stringify(hostKey))
    .replace(/fid: ".*?"/u, `fid: "${fid}"`)
    .replace(/key: ".*?"/u, `key: "${key}", port: ${String(host.port)}`);
  const [, name = "none"] = /`(\S+\.config\.ts)`/u.exec(page) ?? [];
  await writeFile(join(here, name), own);
  for (const block of others) await perform(block);
  expect(said).toContain(`ok       function ${fid}: ${address}, no driver, free`);
  expect(said).toMatch(/[5-9] pass, 0 fail, 0 known, \d+ skip, 0 error/u);
  expect(said).toMatch(/[5-9] pass, 0 fail, 0 known in/u);
  expect((await execa("git", ["status", "--porcelain", "--untracked-files=no"], { cwd: here })).stdout).toBe("");
  expect((performance.now() - began) / 60_000).toBeLessThan(10);
});
