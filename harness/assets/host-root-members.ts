/** What is in the root of an emulated host. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { CpioMember } from "./cpio.ts";

const libraryFolder = "usr/lib/s390x-linux-gnu";

/** Packages of a host's root by what of them is wanted: paths in the package and on the host. */
export const wantedFiles = {
  "qemu-system-s390x": {
    "usr/bin/qemu-system-s390x": "usr/bin/qemu-system-s390x",
    // Of a package that comes with it: no machine without firmware, whether it is used or not.
    "usr/share/qemu/s390-ccw.img": "usr/share/qemu/s390-ccw.img",
  },
  "dropbear-bin": { "usr/sbin/dropbear": "usr/sbin/dropbear" },
  // Where dropbear looks for it.
  "openssh-sftp-server": { "usr/lib/openssh/sftp-server": "usr/lib/sftp-server" },
  "busybox-static": { "usr/bin/busybox": "usr/bin/busybox" },
} as const;
/** The project's own files in it. */
export interface OwnFiles {
  readonly init: Buffer;
  readonly inittab: Buffer;
}

/** What a root is made of. */
export interface RootParts extends OwnFiles {
  /** Folder that Debian's packages were unpacked into. */
  readonly tree: string;
  /** Paths below it of the libraries, by the names they are looked for under. */
  readonly libraries: ReadonlyMap<string, string>;
}

/** All members of the root's archive, folders before what is in them. */
export async function listRootMembers({ tree, libraries, init, inittab }: RootParts): Promise<readonly CpioMember[]> {
  const programs = Object.values(wantedFiles).flatMap((files) => Object.entries<string>(files));
  const copy = async (from: string, path: string): Promise<CpioMember> => ({
    ...{ kind: "file", path, mode: 0o755, content: await readFile(join(tree, from)) },
  });
  const file = (path: string, mode: number, content: string | Buffer): CpioMember => ({
    ...{ kind: "file", path, mode, content: Buffer.from(content) },
  });
  const loader = libraries.get("ld64.so.1") ?? `${libraryFolder}/ld64.so.1`;
  return [
    ...["bin", "dev", "etc", "etc/dropbear", "lib", "proc", "root", "root/.ssh", "run", "sys", "tmp"].map(makeFolder),
    ...["usr", "usr/bin", "usr/sbin", "usr/lib", libraryFolder, "usr/share", "usr/share/qemu"].map(makeFolder),
    { path: "dev/console", kind: "character device", mode: 0o600, major: 5, minor: 1 },
    { path: "bin/sh", kind: "link", target: "/usr/bin/busybox" },
    file("init", 0o755, init),
    file("etc/inittab", 0o644, inittab),
    file("etc/passwd", 0o644, "root:x:0:0:root:/root:/bin/sh\n"),
    file("etc/shells", 0o644, "/bin/sh\n"),
    ...(await Promise.all(programs.map(([from, path]) => copy(from, path)))),
    await copy(loader, "lib/ld64.so.1"),
    ...(await Promise.all([...libraries].map(([name, from]) => copy(from, `${libraryFolder}/${name}`)))),
  ];
}

/** Folders of a user are his alone: an SSH server does not believe a key that others may have put there. */
const makeFolder = (path: string): CpioMember => ({
  ...{ path, kind: "folder", mode: path.startsWith("root") ? 0o700 : 0o755 },
});
