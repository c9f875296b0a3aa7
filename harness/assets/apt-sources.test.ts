import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { findDebianSource, parseDeb822Sources, parseOneLineSources, readAptSources } from "./apt-sources.ts";

const keyring = "/usr/share/keyrings/debian-archive-keyring.gpg";

it("reads one-line sources with and without options, and no comments", () => {
  const sources = parseOneLineSources(`# deb http://commented.example/debian bookworm main
deb [arch=amd64,s390x signed-by=${keyring} check-valid-until=no] http://mirror.example/debian bookworm main contrib # by hand
deb-src http://mirror.example/debian bookworm main
nonsense`);
  expect(sources).toHaveLength(2);
  expect(sources[0]).toEqual({
    types: ["deb"],
    uris: ["http://mirror.example/debian"],
    suites: ["bookworm"],
    components: ["main", "contrib"],
    fields: new Map([
      ["Signed-By", keyring],
      ["Check-Valid-Until", "no"],
    ]),
  });
  expect(sources[1]?.types).toEqual(["deb-src"]);
});

it("reads deb822 sources: several suites, comments between fields, disabled ones left out", () => {
  const sources = parseDeb822Sources(`Types: deb
# the archive as it was in May
URIs: http://mirror.example/debian
Suites: bookworm bookworm-updates
Components: main
Signed-By: ${keyring}

Enabled: no
Types: deb
URIs: http://off.example/debian
Suites: bookworm
Components: main
`);
  expect(sources).toHaveLength(1);
  expect(sources[0]?.suites).toEqual(["bookworm", "bookworm-updates"]);
  expect(sources[0]?.fields.get("Signed-By")).toBe(keyring);
});

it("keeps a key that stands in the file, with the form of its lines", () => {
  const key = "\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n mQINBF\n -----END PGP PUBLIC KEY BLOCK-----";
  const [source] = parseDeb822Sources(
    `Types: deb\nURIs: http://m.example/d\nSuites: sid\nComponents: main\nSigned-By:${key}\n`,
  );
  expect(source?.fields.get("Signed-By")).toBe(key);
});

it("takes the archive itself for Debian's, neither its security updates nor other vendors'", () => {
  const sources = [
    ...parseOneLineSources("deb https://vendor.example/apt bookworm main"),
    ...parseDeb822Sources(
      `Types: deb\nURIs: http://s.example\nSuites: bookworm-security\nComponents: main\nSigned-By: ${keyring}`,
    ),
    ...parseDeb822Sources(
      `Types: deb\nURIs: http://a.example\nSuites: bookworm-updates bookworm\nComponents: main\nSigned-By: ${keyring}`,
    ),
  ].map((source, index) =>
    index === 0 ? { ...source, fields: new Map([["Signed-By", "/etc/apt/keyrings/vendor.gpg"]]) } : source,
  );
  expect(findDebianSource(sources, "bookworm")?.uris).toEqual(["http://a.example"]);
});

it("takes a source by the names every archive has where the release is none of them", () => {
  const sources = parseOneLineSources("deb http://a.example/debian testing main");
  expect(findDebianSource(sources, "forky")?.suites).toEqual(["testing"]);
  expect(findDebianSource(parseOneLineSources("deb cdrom:[Debian]/ sid main"), null)).toBeNull();
  expect(findDebianSource(parseOneLineSources("deb http://a.example/ubuntu noble main"), "bookworm")).toBeNull();
});

it("reads both spellings from a folder, and nothing else in it", async () => {
  const folder = await mkdtemp(join(tmpdir(), "zhil-sources-"));
  try {
    await mkdir(join(folder, "sources.list.d"));
    await writeFile(join(folder, "sources.list"), "deb http://one.example/debian sid main\n");
    await writeFile(
      join(folder, "sources.list.d", "two.sources"),
      "Types: deb\nURIs: http://two.example\nSuites: sid\n",
    );
    await writeFile(join(folder, "sources.list.d", "old.list.save"), "deb http://saved.example/debian sid main\n");
    const sources = await readAptSources(folder);
    expect(sources.flatMap((source) => source.uris)).toEqual(["http://one.example/debian", "http://two.example"]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
