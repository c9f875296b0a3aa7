/** What a kernel module says about itself: its ELF section `.modinfo`, `key=value` each ended by a zero. */

/** Offsets in the headers of a 64-bit ELF file. */
const elf = { sectionTable: 0x28, entrySize: 0x3a, entryCount: 0x3c, namesIndex: 0x3e } as const;
const section = { name: 0x00, offset: 0x18, size: 0x20 } as const;

/**
 * Names of the modules that one needs loaded before it, as the kernel spells names: with `_` for `-`.
 * @throws {RangeError} where these are not the bytes of a module for s390x
 */
export function readDependencies(module: Buffer): readonly string[] {
  const lines = readSection(module, ".modinfo").toString("latin1").split("\0");
  const depends = lines.find((line) => line.startsWith("depends="))?.slice("depends=".length) ?? "";
  return depends.split(",").filter(Boolean).map(spellModule);
}

/** A module's name as the kernel spells it, out of a file's: `vfio_pci` of `vfio-pci.ko.xz`. */
export function spellModule(file: string): string {
  return file.replace(/\.ko(\.\w+)?$/, "").replaceAll("-", "_");
}

function readSection(bytes: Buffer, wanted: string): Buffer {
  // 64 bits, big-endian.
  if (bytes.toString("latin1", 0, 6) !== "\x7fELF\x02\x02") throw new RangeError("It is no ELF file for s390x");
  const table = Number(bytes.readBigUInt64BE(elf.sectionTable));
  const entrySize = bytes.readUInt16BE(elf.entrySize);
  const contentOf = (at: number): Buffer => {
    const offset = Number(bytes.readBigUInt64BE(at + section.offset));
    return bytes.subarray(offset, offset + Number(bytes.readBigUInt64BE(at + section.size)));
  };
  const names = contentOf(table + bytes.readUInt16BE(elf.namesIndex) * entrySize);
  for (let index = 0; index < bytes.readUInt16BE(elf.entryCount); index++) {
    const at = table + index * entrySize;
    const name = bytes.readUInt32BE(at + section.name);
    if (names.toString("latin1", name, names.indexOf(0, name)) === wanted) return contentOf(at);
  }
  throw new RangeError(`It has no section ${wanted}`);
}
