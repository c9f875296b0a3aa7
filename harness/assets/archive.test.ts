import { expect, it } from "vitest";
import { chooseKernelSource } from "../kernel/kernel-source.ts";
import { parseMadison, readUpdateError } from "./archive.ts";

const madison = `linux-source-6.12 | 6.12.107-1 | http://a.example/debian stable/main amd64 Packages
linux-source-7.2 |   7.2.13-1 | http://a.example/debian unstable/main amd64 Packages
linux-source-7.10 |   7.10.2-1 | http://a.example/debian unstable/main amd64 Packages
linux-source-8.0-rt |   8.0.1-1 | http://a.example/debian unstable/main amd64 Packages
linux-source |   9.0-1 | http://a.example/debian unstable/main amd64 Packages
linux-source-7.2 |   7.2.13-1 | http://a.example/debian unstable/main Sources
libjansson-dev:s390x |   2.14-2 | http://a.example/debian bookworm/main s390x Packages`;

it("reads what suites have, without their sources and without an architecture in the name", () => {
  const packages = parseMadison(madison);
  expect(packages).toHaveLength(6);
  expect(packages.at(-1)).toEqual({
    name: "libjansson-dev",
    version: "2.14-2",
    suite: "bookworm",
    architecture: "s390x",
  });
  expect(parseMadison("")).toEqual([]);
});

it("chooses a suite's newest kernel source by version, not by name, and no variant", () => {
  expect(chooseKernelSource(parseMadison(madison), "unstable")?.version).toBe("7.10.2-1");
  expect(chooseKernelSource(parseMadison(madison), "stable")?.version).toBe("6.12.107-1");
  expect(chooseKernelSource(parseMadison(madison), "testing")).toBeNull();
});

it("says why a suite cannot be had, in apt's words for that suite", () => {
  const output = `Get:1 http://a.example/debian unstable InRelease [193 kB]
Err:4 http://a.example/debian nosuch Release
  404  Not Found [IP: 192.0.2.1 80]
E: The repository 'http://a.example/debian nosuch Release' does not have a Release file.`;
  expect(readUpdateError(output, "nosuch")).toBe("404  Not Found [IP: 192.0.2.1 80]");
  expect(readUpdateError("W: Failed to fetch something", "sid")).toBe("Failed to fetch something");
  expect(readUpdateError("Hit:1 http://a.example/debian sid InRelease", "sid")).toBeNull();
});
