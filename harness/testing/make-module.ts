/** The smallest ELF file that says what a kernel module for s390x does: two sections, one of them `.modinfo`. */
export function makeModule(modinfo: readonly string[]): Buffer {
  const names = Buffer.from("\0.shstrtab\0.modinfo\0");
  const info = Buffer.from(modinfo.map((line) => `${line}\0`).join(""));
  const header = Buffer.alloc(64);
  header.write("\x7fELF\x02\x02", "latin1");
  header.writeBigUInt64BE(BigInt(64 + names.length + info.length), 0x28);
  header.writeUInt16BE(64, 0x3a);
  header.writeUInt16BE(3, 0x3c);
  header.writeUInt16BE(1, 0x3e);
  const describe = (name: number, offset: number, size: number): Buffer => {
    const section = Buffer.alloc(64);
    section.writeUInt32BE(name, 0);
    section.writeBigUInt64BE(BigInt(offset), 0x18);
    section.writeBigUInt64BE(BigInt(size), 0x20);
    return section;
  };
  return Buffer.concat([
    header,
    names,
    info,
    Buffer.alloc(64),
    describe(1, 64, names.length),
    describe(11, 64 + names.length, info.length),
  ]);
}
