import { expect, it } from "vitest";
import { SecretReplacer, replacedKinds } from "./replace-secrets.ts";
import type { TraceStep } from "./trace.ts";

it.each([
  ["an IPv4 address", "link up, 192.168.17.4 answers", "link up, <address 1> answers"],
  ["an IPv6 address", "fe80::1ff:fe23:4567:890a is up", "<address 1> is up"],
  ["a whole IPv6 address", "2001:db8:0:0:8:800:200c:417a", "<address 1>"],
  ["a MAC address", "mlx5_core 0001:00:00.0: MAC 02:00:5e:10:00:0a", "mlx5_core 0001:00:00.0: MAC <address 1>"],
  ["a public key", `ssh-ed25519 ${"A".repeat(68)} me`, "<key 1> me"],
  ["a private key", "-----BEGIN OPENSSH PRIVATE KEY-----\nabc\n-----END OPENSSH PRIVATE KEY-----", "<key 1>"],
  ["a password", "login password=hunter2 now", "login password=<key 1> now"],
  ["a serial number", "nvme nvme0: serial number S4EVNX0M123", "nvme nvme0: serial number <serial 1>"],
  ["a UUID", "uuid 6ba7b810-9dad-11d1-80b4-00c04fd430c8", "uuid <serial 1>"],
  ["an NQN", "subsystem nqn.2014-08.org.nvmexpress:uuid:x1", "subsystem <serial 1>"],
])("replaces %s", (_, text, replaced) => {
  expect(new SecretReplacer().replaceIn(text)).toBe(replaced);
});

it.each([
  "zpci: 0001:00:00.0: Event 0x4 reports an error for PCI function 0x20",
  "err fid:20, fh:80020000, pec:4",
  "crw_info : CRW reports slct=0, oflw=0, chn=0, rsc=B, anc=0, erc=0, rsid=0",
  "Linux version 7.2.13 built 12:34:56",
  "0x100010000+0x2000 rw",
  "std::vector of serial console",
])("leaves what tells of no machine: %s", (text) => {
  expect(new SecretReplacer().replaceIn(text)).toBe(text);
});

it("replaces the same by the same, and others by others", () => {
  const replacer = new SecretReplacer();
  expect(replacer.replaceIn("10.0.0.1 10.0.0.2 10.0.0.1")).toBe("<address 1> <address 2> <address 1>");
  expect(replacer.replaceIn("again 10.0.0.2")).toBe("again <address 2>");
});

it("goes through all the free text of a step, and says what it looks for", () => {
  const step = {
    step: 1,
    observation: { alarms: ["WARNING: 10.0.0.1"], result: "OK" },
    evidence: { micros: 1, log: ["to 10.0.0.1"], raw: { deep: [{ peer: "10.0.0.1", count: 3 }] } },
  } as unknown as TraceStep;
  const replaced = new SecretReplacer().replaceInStep(step);
  expect(JSON.stringify(replaced)).not.toContain("10.0.0.1");
  expect(replaced.evidence.raw).toEqual({ deep: [{ peer: "<address 1>", count: 3 }] });
  expect(replacedKinds).toEqual(["key", "serial", "address"]);
});
