/** Archives as the kernel unpacks them for its first root: cpio, the "newc" format (initramfs-buffer-format.rst). */

/** A member of an archive; folders come before what is in them. */
export type CpioMember =
  | { readonly path: string; readonly kind: "folder"; readonly mode: number }
  | { readonly path: string; readonly kind: "file"; readonly mode: number; readonly content: Uint8Array }
  | { readonly path: string; readonly kind: "link"; readonly target: string }
  | {
      readonly path: string;
      readonly kind: "character device";
      readonly mode: number;
      readonly major: number;
      readonly minor: number;
    };

const fileTypes = { folder: 0o040000, file: 0o100000, link: 0o120000, "character device": 0o020000 } as const;

/** Writes an archive. It depends on nothing but its members: owner root, time 0, inodes counted from 1. */
export function writeCpio(members: readonly CpioMember[]): Buffer {
  const parts: Buffer[] = [];
  for (const [index, member] of members.entries()) parts.push(writeMember(member, index + 1));
  parts.push(writeRecord("TRAILER!!!", { inode: 0, mode: 0, links: 1, major: 0, minor: 0 }, new Uint8Array()));
  return Buffer.concat(parts);
}

function writeMember(member: CpioMember, inode: number): Buffer {
  const device = member.kind === "character device" ? member : { major: 0, minor: 0 };
  const mode = fileTypes[member.kind] | (member.kind === "link" ? 0o777 : member.mode);
  const header = { inode, mode, links: member.kind === "folder" ? 2 : 1, major: device.major, minor: device.minor };
  return writeRecord(member.path, header, contentOf(member));
}

/** A link's content is where it leads. */
function contentOf(member: CpioMember): Uint8Array {
  if (member.kind === "file") return member.content;
  return member.kind === "link" ? Buffer.from(member.target) : new Uint8Array();
}

interface Header {
  readonly inode: number;
  readonly mode: number;
  readonly links: number;
  readonly major: number;
  readonly minor: number;
}

function writeRecord(path: string, header: Header, content: Uint8Array): Buffer {
  const name = Buffer.from(`${path}\0`);
  const { inode, mode, links, major, minor } = header;
  // ino mode uid gid nlink mtime filesize devmajor devminor rdevmajor rdevminor namesize check
  const fields = [inode, mode, 0, 0, links, 0, content.length, 0, 0, major, minor, name.length, 0];
  const text = `070701${fields.map((field) => field.toString(16).toUpperCase().padStart(8, "0")).join("")}`;
  return Buffer.concat([pad(Buffer.concat([Buffer.from(text), name])), pad(content)]);
}

/** Name and content each end on a multiple of 4. */
function pad(bytes: Uint8Array): Buffer {
  return Buffer.concat([bytes, Buffer.alloc((4 - (bytes.length % 4)) % 4)]);
}
