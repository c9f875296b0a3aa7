import { expect, it } from "vitest";
import { writeCpio } from "./cpio.ts";

const archive = writeCpio([
  { path: "dev", kind: "folder", mode: 0o755 },
  { path: "dev/console", kind: "character device", mode: 0o600, major: 5, minor: 1 },
  { path: "init", kind: "file", mode: 0o755, content: Buffer.from("hello") },
  { path: "sh", kind: "link", target: "/usr/bin/busybox" },
]);

/** Reads an archive by the format's description: 6 bytes of magic, 13 fields of 8 hexadecimal digits, name, content. */
function readCpio(bytes: Buffer): readonly Record<string, unknown>[] {
  const members = [];
  for (let at = 0; at < bytes.length;) {
    const field = (index: number): number =>
      Number.parseInt(bytes.toString("ascii", at + 6 + 8 * index, at + 14 + 8 * index), 16);
    const [size, nameSize] = [field(6), field(11)];
    const nameEnd = at + 110 + nameSize;
    const start = Math.ceil(nameEnd / 4) * 4;
    members.push({
      magic: bytes.toString("ascii", at, at + 6),
      name: bytes.toString("ascii", at + 110, nameEnd - 1),
      inode: field(0),
      mode: field(1).toString(8),
      device: `${field(9)}:${field(10)}`,
      content: bytes.toString("ascii", start, start + size),
    });
    at = Math.ceil((start + size) / 4) * 4;
  }
  return members;
}

it("writes folders, devices, files, links and the trailer", () => {
  expect(readCpio(archive)).toEqual([
    { magic: "070701", name: "dev", inode: 1, mode: "40755", device: "0:0", content: "" },
    { magic: "070701", name: "dev/console", inode: 2, mode: "20600", device: "5:1", content: "" },
    { magic: "070701", name: "init", inode: 3, mode: "100755", device: "0:0", content: "hello" },
    { magic: "070701", name: "sh", inode: 4, mode: "120777", device: "0:0", content: "/usr/bin/busybox" },
    { magic: "070701", name: "TRAILER!!!", inode: 0, mode: "0", device: "0:0", content: "" },
  ]);
});

it("ends on a multiple of 4 and is the same each time", () => {
  expect(archive.length % 4).toBe(0);
  expect(writeCpio([{ path: "init", kind: "file", mode: 0o755, content: Buffer.from("x") }])).toEqual(
    writeCpio([{ path: "init", kind: "file", mode: 0o755, content: Buffer.from("x") }]),
  );
});
