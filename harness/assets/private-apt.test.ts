import { expect, it } from "vitest";
import { parseOneLineSources } from "./apt-sources.ts";
import { readCodename, renderConfiguration, renderSuite, selectAcquireSettings } from "./private-apt.ts";

const suite = { name: "unstable", architecture: "amd64" };

it("passes on how the machine acquires, not what", () => {
  const settings = selectAcquireSettings(`Acquire "";
Acquire::http "";
Acquire::http::Proxy "http://proxy.example:3128";
Acquire::Check-Valid-Until "false";
Acquire::Languages:: "none";
Acquire::IndexTargets::deb::Packages::Optional "0";
Acquire::Retries "3";`);
  expect(settings).toEqual([
    'Acquire::http::Proxy "http://proxy.example:3128";',
    'Acquire::Check-Valid-Until "false";',
    'Acquire::Retries "3";',
  ]);
});

it("can never install: its dpkg is /bin/false, its status is its own, and no hook of the machine is read", () => {
  const configuration = renderConfiguration("/cache/apt", "amd64", []);
  expect(configuration).toContain('Dir::Bin::dpkg "/bin/false";');
  expect(configuration).toContain('Dir::State::status "/cache/apt/status";');
  expect(configuration).toContain('Dir::Etc::parts "/dev/null";');
  expect(configuration).toContain('APT::Architectures { "amd64"; "s390x"; };');
});

it("asks for s390x once where that is the machine's own", () => {
  expect(renderConfiguration("/cache/apt", "s390x", [])).toContain('APT::Architectures { "s390x"; };');
});

it("trusts a suite as far as the machine's own source, else Debian's keyring", () => {
  const [signed, plain] = parseOneLineSources(
    "deb [signed-by=/k.gpg trusted=yes] http://a.example/debian sid main\ndeb http://a.example/debian sid main",
  );
  expect(renderSuite(signed!, suite, "/default.gpg")).toBe(
    "Types: deb\nURIs: http://a.example/debian\nSuites: unstable\nComponents: main\nArchitectures: amd64\n" +
      "Signed-By: /k.gpg\nTrusted: yes\n",
  );
  expect(renderSuite(plain!, suite, "/default.gpg")).toContain("Signed-By: /default.gpg\n");
  expect(renderSuite(plain!, suite, null)).not.toContain("Signed-By");
});

it("knows the release by os-release's codename", () => {
  expect(readCodename("ID=debian\nVERSION_CODENAME=bookworm\n")).toBe("bookworm");
  expect(readCodename("ID=arch\n")).toBeNull();
});
